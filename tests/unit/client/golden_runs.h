// The golden runs (tests/fuzz/corpus/kept), and the quizzes that are made of them.
#pragma once

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "client/kept_run.h"
#include "client/show/quiz_questions.h"
#include "tests/support/catch.h"

namespace golden_runs {

inline const std::vector<std::string> kGolden = {"first_query", "expired",   "udp_truncated", "resumed",
                                                 "tls12",       "wrong_pin", "refused"};

inline const client::KeptRun& golden(const std::string& name) {
  static std::map<std::string, client::KeptRun> runs;
  const auto found = runs.find(name);
  if (found != runs.end()) return found->second;
  std::ifstream file(std::string(KEPT_DIR) + "/" + name + ".run", std::ios::binary);
  auto run = client::kept_from_text(std::string(std::istreambuf_iterator<char>(file), {}));
  INFO(name << ": " << (run ? "" : run.error()));
  REQUIRE(run.has_value());
  return runs.emplace(name, std::move(*run)).first->second;
}

inline std::optional<client::QuizQuestion> made(const client::Outcome& outcome,
                                                const client::Options& options, std::string_view name,
                                                std::uint64_t seed = 1) {
  client::QuizDice dice(seed);
  for (const client::QuizKind& kind : client::quiz_kinds())
    if (kind.name == name) return kind.make(client::QuizRun(outcome, options), dice);
  FAIL("no kind " << name);
  return std::nullopt;
}

inline std::optional<client::QuizQuestion> made(const std::string& run, std::string_view name,
                                                std::uint64_t seed = 1) {
  return made(golden(run).outcome, golden(run).options, name, seed);
}

inline client::Options chosen(const std::string& run, std::uint32_t seed, std::string theme = "") {
  client::Options options = golden(run).options;
  options.quiz = {.as = client::Quiz::As::sheet, .seed = seed, .theme = std::move(theme)};
  return options;
}

// Of each golden run, by many seeds: all that may be asked.
template <typename Check>
void for_each_quiz(Check check) {
  for (const std::string& run : kGolden)
    for (std::uint32_t seed = 0; seed < 40; ++seed) {
      const client::Options options = chosen(run, seed);
      INFO(run << ", seed " << seed);
      check(client::make_quiz(golden(run).outcome, options), options);
    }
}

}  // namespace golden_runs
