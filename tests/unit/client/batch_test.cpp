#include "client/batch.h"

#include <fstream>

#include "client/queries.h"
#include "common/dns/codes.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/client/arguments.h"

namespace {

const dns::Question kUsual{{}, dns::type::A, dns::klass::IN};

std::string questions(const std::vector<dns::Question>& all) {
  std::string text;
  for (const dns::Question& question : all) text += (text.empty() ? "" : "; ") + client::to_string(question);
  return text;
}

std::string parsed(std::string_view text, const dns::Question& usual = kUsual) {
  const auto batch = client::parse_batch(text, "names", usual);
  return batch ? questions(*batch) : batch.error();
}

void write(const std::string& file, std::string_view text) {
  std::ofstream(file, std::ios::binary) << text;
}

}  // namespace

TEST_CASE("a batch has a question per line, type and class in either order", "[batch]") {
  const std::pair<const char*, const char*> table[] = {
      {"", ""},
      {"a.example", "a.example. IN A"},
      {"a.example\nb.example\n", "a.example. IN A; b.example. IN A"},
      {"a.example MX\r\nb.example\tCH  TXT\n", "a.example. IN MX; b.example. CH TXT"},
      {"a.example txt ch", "a.example. CH TXT"},
      {"  a.example  \n\n \n", "a.example. IN A"},
      {"# one\n; two\na.example # three\nb.example MX ;four\n", "a.example. IN A; b.example. IN MX"},
      {"a#b.example\n", "a#b.example. IN A"},  // a comment begins a word
      {"mx MX\n", "mx. IN MX"},                // the first word is the name, whatever it looks like
      {".", ". IN A"},
  };
  for (const auto& [text, expected] : table) {
    INFO(text);
    CHECK(parsed(text) == expected);
  }
  CHECK(parsed("a.example\nb.example TXT", {{}, dns::type::MX, dns::klass::CH}) ==
        "a.example. CH MX; b.example. CH TXT");
}

TEST_CASE("a bad line of a batch is told by its number", "[batch]") {
  const std::pair<const char*, const char*> table[] = {
      {"a.example\n\nb..example\n", "names:3: 'b..example' is not a name: "},
      {"a.example MAIL\n", "names:1: 'MAIL' is neither a type nor a class"},
      {"a.example MX TXT\n", "names:1: 'TXT' is one type too many"},
      {"a.example IN CH\n", "names:1: 'CH' is one class too many"},
      {"a.example AXFR\n", "names:1: AXFR: this client asks questions"},
      {"https://a.example/\n", "names:1: 'https://a.example/' is a URL, not a name: its host is a.example"},
      {"m\xc3\xbcller.example\n", "names:1: 'm\xc3\xbcller.example' is not ASCII"},
  };
  for (const auto& [text, complaint] : table) {
    INFO(text);
    CHECK(parsed(text).starts_with(complaint));
  }
}

TEST_CASE("the questions of a batch come behind those of the command line", "[batch]") {
  const TempDir directory;
  const std::string file = directory.file("names");
  write(file, "b.example\nc.example TXT\n");
  auto options = parse_line("-f " + file + " -t MX a.example");
  REQUIRE(options);
  CHECK(client::add_batch(*options) == "");
  CHECK(questions(options->questions) == "a.example. IN MX; b.example. IN MX; c.example. IN TXT");

  auto alone = parse_line("--batch " + file);
  REQUIRE(alone);
  CHECK(client::add_batch(*alone) == "");
  CHECK(questions(alone->questions) == "b.example. IN A; c.example. IN TXT");
}

TEST_CASE("a batch that cannot be asked is refused whole", "[batch]") {
  const TempDir directory;
  const auto complaint = [](const std::string& file) {
    auto options = parse_line("-f " + file);
    REQUIRE(options);
    return client::add_batch(*options);
  };
  const std::string missing = directory.file("missing");
  CHECK(complaint(missing) == "the batch '" + missing + "' cannot be read: No such file or directory");
  CHECK(complaint("/") == "the batch '/' cannot be read: Is a directory");
  CHECK(complaint("/dev/null") == "/dev/null: no question in it");
  CHECK(complaint("/dev/zero") == "the batch '/dev/zero' cannot be read: it is too long");
  CHECK_FALSE(parse_line("-f names -t AXFR"));

  const std::string many = directory.file("many");
  std::string text;
  for (std::size_t i = 0; i <= client::Queries::kMostQuestions; ++i) text += "a.example\n";
  write(many, text);
  CHECK(complaint(many) ==
        many + ": 65537 questions are more than one connection has IDs for, 65536: split it");
}
