#include "tests/support/approved.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <utility>

#include "tests/support/catch.h"

std::string without_volatile_parts(std::string text) {
  static const std::pair<std::regex, const char*> kFilters[] = {
      {std::regex(R"(/tmp/dot-\w+/)"), "TEMP/"},
      {std::regex(R"( --timeout 25s\b)"), ""},  // what DOT_UNDER adds (lab.cpp)
      {std::regex(R"((127\.0\.0\.1)([:#])\d+)"), "$1$2PORT"},
      {std::regex(R"(\b(id:|ID) \d+)"), "$1 N"},
      {std::regex(R"(\b\d+(\.\d+)? (ms|msec)\b)"), "N $2"},
      // What OpenSSL prefers: see groups.h, and post_quantum_test.cpp for what is told of it.
      {std::regex(R"(\bX25519MLKEM768( \(hybrid, post-quantum\))?|\bx25519\b)"), "GROUP"},
      {std::regex(R"~(("post_quantum":)\w+)~"), "$1BOOL"},
      {std::regex(R"(;; WHEN: .*)"), ";; WHEN: DATE"},
      {std::regex(R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"), "DATE"},
  };
  for (const auto& [pattern, word] : kFilters) text = std::regex_replace(text, pattern, word);
  return text;
}

void check_approved(const std::string& name, const std::string& text) {
  const std::string path = APPROVED_DIRECTORY "/" + name + ".txt";
  const std::string received = without_volatile_parts(text);
  if (const char* const approve = std::getenv("APPROVE"); approve != nullptr && *approve == '1')
    std::ofstream(path, std::ios::binary) << received;
  std::ifstream file(path, std::ios::binary);
  const std::string approved{std::istreambuf_iterator<char>(file), {}};
  INFO("approved: " << path << "; to approve what came instead: APPROVE=1");
  CHECK(received == approved);
}
