// The quiz: marking; that sheet and key agree, and that no question gives an answer away.
#include "client/show/quiz.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <set>

#include "client/show/quiz_questions.h"
#include "tests/unit/client/approved.h"
#include "tests/unit/client/arguments.h"
#include "tests/unit/client/golden_runs.h"
#include "tests/unit/client/recorded_run.h"

using client::QuizQuestion;
using Form = QuizQuestion::Form;
using namespace golden_runs;

namespace {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// As a word of its own.
bool has_word(const std::string& text, const std::string& word) {
  const auto inside = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const bool before = at > 0 && inside(text[at - 1]);
    const std::size_t end = at + word.size();
    if (!before && !(end < text.size() && inside(text[end]))) return true;
  }
  return false;
}

std::string all_asked(const QuizQuestion& question) {
  std::string text = question.asked;
  for (const std::string& row : question.shown) text += '\n' + row;
  return text;
}

}  // namespace

TEST_CASE("the right answer is right and each wrong one is wrong, in whatever form", "[quiz]") {
  for_each_quiz([&](const std::vector<QuizQuestion>& quiz, const client::Options&) {
    for (const QuizQuestion& question : quiz) {
      CAPTURE(question.kind, question.answer);
      std::vector<std::string> right = question.also;
      right.push_back(question.answer);
      right.push_back("  " + question.answer + " ");
      if (question.form == Form::number) {
        const unsigned long value = std::stoul(question.answer, nullptr, 0);
        right.push_back(std::to_string(value));
        right.push_back(fmt::format("{:#x}", value));
      }
      for (std::size_t i = 0; i < question.options.size(); ++i) {
        const std::string letter(1, static_cast<char>('a' + i)), capital(1, static_cast<char>('A' + i));
        const bool is_right = question.options[i] == question.answer;
        CHECK(client::mark(question, letter).right == is_right);
        CHECK(client::mark(question, capital + ")").right == is_right);
      }
      for (const std::string& line : right) {
        CAPTURE(line);
        const client::QuizMark mark = client::mark(question, line);
        CHECK(mark.right);
        CHECK(mark.told == "Right. " + question.why + " [" + question.rfc + "]");
      }
      for (const QuizQuestion::Wrong& wrong : question.wrong) {
        CAPTURE(wrong.answer);
        const client::QuizMark mark = client::mark(question, wrong.answer);
        CHECK_FALSE(mark.right);
        CHECK(mark.told.starts_with(wrong.why.empty() ? "No. The answer is: " : "No: " + wrong.why + ". "));
        CHECK(has(mark.told, "The answer is: " + question.answer + ". " + question.why));
      }
      for (const char* const line : {"?", "e", "99999999999999999999999", "-1", "yes", "0x", "\x1b[2J"})
        CHECK_FALSE(client::mark(question, line).right);
    }
  });
}

TEST_CASE("answers are taken generously", "[quiz]") {
  const auto right = [](std::string_view run, std::string_view kind, std::string_view line) {
    return client::mark(*made(std::string(run), kind), line).right;
  };
  for (const char* const line : {"300", "0x12c", "0X12C", "300s", "300 S", "300 seconds", "5 min", "5m"})
    CHECK(right("first_query", "ttl", line));
  for (const char* const line : {"301", "300 h", "five", "3 00 x"})
    CHECK_FALSE(right("first_query", "ttl", line));
  for (const char* const line : {"0x1234", "12 34", "1234", "4660"}) CHECK(right("first_query", "id", line));
  for (const char* const line : {"google.com", "GOOGLE.com.", "\"google.com\""})
    CHECK(right("first_query", "name", line));
  CHECK_FALSE(right("first_query", "name", "googlecom"));
  for (const char* const line : {"qr rd ra", "RA, RD and QR", "QR+RD+RA"})
    CHECK(right("first_query", "flags", line));
  CHECK_FALSE(right("first_query", "flags", "QR RD"));
  CHECK_FALSE(right("first_query", "flags", "QR RD RA AD"));
  for (const char* const line : {"octet 12", "12", "12 octets"}) CHECK(right("first_query", "pointer", line));
  CHECK(right("first_query", "version", "tls 1.3"));
  CHECK(right("udp_truncated", "type", "txt"));
  CHECK(right("udp_truncated", "udp-size", "1,232 bytes"));
}

TEST_CASE("no question is ambiguous", "[quiz]") {
  for_each_quiz([&](const std::vector<QuizQuestion>& quiz, const client::Options&) {
    for (const QuizQuestion& question : quiz) {
      CAPTURE(question.kind, question.asked);
      CHECK(question.asked.ends_with("?"));
      CHECK_FALSE(question.why.empty());
      CHECK((question.rfc.starts_with("RFC ") || question.rfc.starts_with("FIPS ")));
      CHECK((question.form == Form::choice) == (question.options.size() >= 2));
      const std::set<std::string> options(question.options.begin(), question.options.end());
      CHECK(options.size() == question.options.size());
      CHECK(options.contains(question.answer) == (question.form == Form::choice));
      if (question.form == Form::choice) CHECK(question.wrong.size() + 1 == question.options.size());
      for (const std::string& option : question.options) CHECK(option.size() > 1);  // no letter
    }
  });
}

TEST_CASE("a quiz gives none of its answers away", "[quiz]") {
  std::map<std::string_view, client::QuizKind> table;
  for (const client::QuizKind& kind : client::quiz_kinds()) table.emplace(kind.name, kind);
  for_each_quiz([&](const std::vector<QuizQuestion>& quiz, const client::Options&) {
    for (const QuizQuestion& question : quiz) {
      const client::QuizKind& kind = table.at(question.kind);
      for (const QuizQuestion& other : quiz) {
        const client::QuizKind& told = table.at(other.kind);
        CAPTURE(question.kind, question.answer, other.kind);
        if (question.kind != other.kind) {
          CHECK(kind.asks != told.asks);
          CHECK_FALSE(has_word(std::string(told.tells), std::string(kind.asks)));
        }
        // Of one and two characters any text has some; the answers of these kinds are words that others use
        // too, or numbers that they show, without saying that they are the answer.
        if (question.answer.size() < 3 ||
            has("alpn first-encrypted alert-by query-or-answer longer-name", question.kind))
          continue;
        if (question.kind == "entry" && other.kind == "entry") continue;  // one of those that are shown
        CHECK_FALSE(has_word(all_asked(other), question.answer));
      }
    }
  });
}

TEST_CASE("a quiz goes from easy to hard, with at most ten questions", "[quiz]") {
  for_each_quiz([&](const std::vector<QuizQuestion>& quiz, const client::Options& options) {
    CHECK(quiz.size() <= 10);
    CHECK(quiz.size() >= (options.server.port == 1 ? 2U : 10U));  // a run that was refused has little to ask
    CHECK(std::ranges::is_sorted(quiz, {}, &QuizQuestion::level));
  });
}

TEST_CASE("a theme comes first in a quiz, and one that is not there is a complaint", "[quiz]") {
  struct Row {
    const char* run;
    const char* theme;
    std::set<std::string_view> kinds;
  };
  const std::vector<Row> rows = {{"resumed", "resumption", {"resumed", "ticket"}},
                                 {"first_query", "sizes", {"record-length"}},
                                 {"expired", "trust", {"refusal", "alert", "alert-by", "who-knows-name"}},
                                 {"first_query", "names", {"name"}}};
  for (const Row& row : rows)
    for (std::uint32_t seed = 0; seed < 20; ++seed) {
      CAPTURE(row.theme, seed);
      std::set<std::string_view> asked;
      for (const QuizQuestion& question :
           client::make_quiz(golden(row.run).outcome, chosen(row.run, seed, row.theme)))
        asked.insert(question.kind);
      CHECK(std::ranges::includes(asked, row.kinds));
    }
  CHECK(client::complaint_about_theme("sizes").empty());
  CHECK(has(client::complaint_about_theme("size"), "'size' is none of answer, clear, "));
}

TEST_CASE("each exercise of the lab says which theme its quiz has", "[quiz]") {
  std::size_t exercises = 0;
  for (const auto& entry : std::filesystem::directory_iterator(KEPT_DIR "/../../../lab/exercises")) {
    if (entry.path().extension() != ".sh") continue;
    ++exercises;
    CAPTURE(entry.path().filename().string());
    std::ifstream file(entry.path());
    std::string theme;
    for (std::string line; std::getline(file, line);)
      if (line.starts_with("quiz ")) theme = line.substr(5);
    CHECK_FALSE(theme.empty());
    CHECK(client::complaint_about_theme(theme).empty());
  }
  CHECK(exercises >= 15);
}

TEST_CASE("the same seed gives the same sheet on every machine, and another one another sheet", "[quiz]") {
  client::QuizDice dice(1234567);  // the numbers that everybody's SplitMix64 gives
  CHECK(dice.next() == 6457827717110365317U);
  CHECK(dice.next() == 3203168211198807973U);
  std::set<std::string> sheets;
  for (std::uint32_t seed = 0; seed < 10; ++seed) {
    const client::Options options = chosen("first_query", seed);
    const auto quiz = client::make_quiz(golden("first_query").outcome, options);
    sheets.insert(client::quiz_sheet(quiz, options));
  }
  CHECK(sheets.size() == 10);
  std::string text;
  for (const char* const run : {"first_query", "expired"}) {
    const client::Options options = chosen(run, 1);
    const auto quiz = client::make_quiz(golden(run).outcome, options);
    text += client::quiz_sheet(quiz, options) + client::quiz_key(quiz, options);
  }
  check_approved("quiz", text);
}

TEST_CASE("sheet and key agree, on paper and for programs, and fit into a row of 110 columns", "[quiz]") {
  for_each_quiz([&](const std::vector<QuizQuestion>& quiz, const client::Options& options) {
    const std::string sheet = client::quiz_sheet(quiz, options), key = client::quiz_key(quiz, options);
    const std::string json = client::quiz_json(quiz, options, false);
    for (std::size_t at = 0; at < sheet.size(); at = sheet.find('\n', at) + 1)
      CHECK(sheet.find('\n', at) - at <= 110);
    for (std::size_t i = 0; i < quiz.size(); ++i) {
      const std::string number = (i < 9 ? " " : "") + std::to_string(i + 1) + ". ";
      CHECK(has(sheet, "\n" + number + quiz[i].asked.substr(0, 20)));
      CHECK_FALSE(has(sheet, quiz[i].why));
      const std::size_t right = static_cast<std::size_t>(std::ranges::find(quiz[i].options, quiz[i].answer) -
                                                         quiz[i].options.begin());
      const std::string letter =
          quiz[i].options.empty() ? "" : std::string(1, static_cast<char>('a' + right));
      const std::string answer = letter.empty() ? quiz[i].answer : letter + ") " + quiz[i].answer;
      CHECK(has(key, "\n" + number + answer.substr(0, 60)));
      if (!letter.empty()) CHECK(has(sheet, "    " + answer.substr(0, 60)));
    }
    for (const char* const member : {"\"answer\":", "\"letter\":", "\"also\":", "\"wrong\":", "\"why\":"})
      CHECK_FALSE(has(json, member));
    CHECK(has(client::quiz_json(quiz, options, true), "\"answer\":"));
  });
}

TEST_CASE("a quiz is asked line by line, with the reasons and the score", "[quiz]") {
  const client::Options options = chosen("first_query", 1);
  const auto quiz = client::make_quiz(golden("first_query").outcome, options);
  const auto ask = [&](std::vector<std::string> lines) {
    std::string printed;
    std::size_t next = 0;
    client::ask_quiz(
        quiz, options, [&]() { return next < lines.size() ? std::optional(lines[next++]) : std::nullopt; },
        [&](std::string_view text) { printed += text; });
    return printed;
  };
  std::vector<std::string> right;
  for (const QuizQuestion& question : quiz) right.push_back(question.answer);
  CHECK(ask(right).ends_with("\nScore: 10 of 10 right\n"));
  right[3] = "\t ";
  const auto choice = std::ranges::find(quiz, Form::choice, &QuizQuestion::form) - quiz.begin();
  REQUIRE(choice < 3);
  right[static_cast<std::size_t>(choice)] = "something else\r";
  const std::string told = ask(right);
  CHECK(has(told, ">     Skipped. The answer is: "));
  CHECK(has(told, ">     No: that is none of the letters. The answer is: "));
  CHECK(told.ends_with("\nScore: 8 of 10 right, 1 skipped\n"));
  right.resize(4);
  CHECK(ask(right).ends_with("\nScore: 2 of 10 right, 1 skipped, 6 not answered\n"));
  CHECK(ask({}).ends_with("> \nScore: 0 of 10 right, 10 not answered\n"));
}

TEST_CASE("a run without octets is asked nothing", "[quiz]") {
  const client::Outcome nothing;
  const client::Options options = parse_line("--quiz google.com").value();
  CHECK(client::make_quiz(nothing, options).empty());
  CHECK(client::quiz_json({}, options, true) == "{\"seed\":1,\"questions\":[]}\n");
}

TEST_CASE("options of the quiz go with one another, or are refused", "[quiz]") {
  CHECK(parse_line("--quiz google.com")->records());
  CHECK(parse_line("--quiz-sheet google.com --json --seed 4294967295 --quiz-theme sizes").has_value());
  CHECK(parse_line("--replay a.run --quiz-key --json")->quiz.as == client::Quiz::As::key);
  CHECK(has(parse_line("--quiz --quiz-key google.com").error(), "exclude each other"));
  CHECK(has(parse_line("--quiz --json google.com").error(), "--quiz-sheet --json"));
  CHECK(has(parse_line("--quiz --explain google.com").error(), "a quiz hides the answers"));
  CHECK(has(parse_line("--quiz --short google.com").error(), "a quiz hides the answers"));
  CHECK(has(parse_line("--quiz --bench 2 google.com").error(), "leave --compare and --bench out"));
  CHECK(has(parse_line("--quiz -f -").error(), "standard input"));
  CHECK(has(parse_line("--seed 1 google.com").error(), "name --quiz"));
  CHECK(has(parse_line("--quiz --seed 4294967296 google.com").error(), "--seed"));
}
