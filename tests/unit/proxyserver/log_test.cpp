// The log: what it writes, in both formats, and what it sums. Its lines are caught where it writes them, on
// standard error.
#include "common/log.h"

#include <algorithm>
#include <climits>
#include <sys/mman.h>
#include <unistd.h>

#include "common/net/unique_fd.h"
#include "tests/support/catch.h"

using logging::Format;
using logging::Level;
using logging::Line;

namespace {

const Line::Time kTime{std::chrono::milliseconds(1777863721123)};  // 2026-05-04T03:02:01.123Z

std::string as_json(const std::string& fields) {
  std::string line = Line(Format::json, kTime, "", "e").add_fields(fields).take();
  const std::string before = "{\"time\":\"2026-05-04T03:02:01.123Z\",\"event\":\"e\"";
  REQUIRE(line.starts_with(before));
  REQUIRE(line.ends_with("}\n"));
  return line.substr(before.size(), line.size() - before.size() - 2);
}

// Standard error, while this lives, is a file in memory.
class CaughtLog {
 public:
  CaughtLog() : before_(dup(STDERR_FILENO)), file_(memfd_create("log", MFD_CLOEXEC)) {
    dup2(file_.get(), STDERR_FILENO);
    logging::set_level(Level::info);
  }
  ~CaughtLog() {
    logging::write_sums(logging::Sums::all);
    logging::set_level(Level::error);
    dup2(before_.get(), STDERR_FILENO);
  }
  std::string text() const {
    std::string all(static_cast<std::size_t>(lseek(file_.get(), 0, SEEK_END)), '\0');
    REQUIRE(pread(file_.get(), all.data(), all.size(), 0) == static_cast<ssize_t>(all.size()));
    return all;
  }
  std::size_t lines() const { return static_cast<std::size_t>(std::ranges::count(text(), '\n')); }

 private:
  const net::UniqueFd before_;
  const net::UniqueFd file_;
};

}  // namespace

TEST_CASE("an event is one line of text, or one of JSON, with the same facts") {
  const auto line = [](Format format) {
    return Line(format, kTime, "info", "query").add("name", "a b").add("type", "A").add("us", 42).take();
  };
  CHECK(line(Format::text) == "2026-05-04T03:02:01.123Z info query name=\"a b\" type=A us=42\n");
  CHECK(line(Format::json) ==
        "{\"time\":\"2026-05-04T03:02:01.123Z\",\"level\":\"info\",\"event\":\"query\",\"name\":\"a b\","
        "\"type\":\"A\",\"us\":42}\n");
}

TEST_CASE("fields of the text format become members of the JSON one, numbers where they are such") {
  CHECK(as_json("") == "");
  CHECK(as_json("times=240 seconds=10") == ",\"times\":240,\"seconds\":10");
  CHECK(as_json("a=-1.5 b=0 c=-0.25") == ",\"a\":-1.5,\"b\":0,\"c\":-0.25");
  for (const char* const word : {"007", "1.", ".5", "-", "1e5", "+1", "1.2.3", "12345678901234567890", "x"}) {
    CAPTURE(word);
    CHECK(as_json(fmt::format("a={}", word)) == fmt::format(",\"a\":\"{}\"", word));
  }
  CHECK(as_json("a=\"12\" b=\"\" c=d") == ",\"a\":\"12\",\"b\":\"\",\"c\":\"d\"");
  CHECK(as_json(logging::field("reason", "say \"no\" \\ yes=1") + " next=1") ==
        ",\"reason\":\"say \\\"no\\\" \\\\ yes=1\",\"next\":1");
}

TEST_CASE("whatever octets a value has, its line is one of printable ASCII, and valid JSON") {
  std::string all;
  for (int octet = 0; octet < 256; ++octet) all += static_cast<char>(octet);
  for (const Format format : {Format::text, Format::json}) {
    const std::string line = Line(format, kTime, "", "e").add("all", all).take();
    CHECK(std::ranges::count(line, '\n') == 1);
    CHECK(std::ranges::all_of(line, [](char c) { return c == '\n' || (c >= ' ' && c < 0x7f); }));
  }
  CHECK(as_json(logging::field("a", "\n\x1b[1m\x7f\xff\xc3\xa4\"\\")) ==
        ",\"a\":\"\\u000a\\u001b[1m\\u007f\\\\xff\\\\xc3\\\\xa4\\\"\\\\\"");
  // By whichever way it comes, it says the same.
  CHECK(Line(Format::json, kTime, "", "e").add("all", all).take() ==
        Line(Format::json, kTime, "", "e").add_fields(logging::field("all", all)).take());
}

TEST_CASE("fields that are cut short are still valid JSON") {
  CHECK(as_json("a") == ",\"a\":\"\"");
  CHECK(as_json("a=") == ",\"a\":\"\"");
  CHECK(as_json("a=\"b") == ",\"a\":\"b\"");
  CHECK(as_json("a=\"b\\") == ",\"a\":\"b\\\\\"");
}

TEST_CASE("a line is never longer than a pipe takes at once, whatever its facts are") {
  const std::string hostile(5000, '\n');
  const std::string cut = logging::field("a", hostile);
  CHECK(cut.ends_with("\\x0a...\""));
  CHECK(cut.size() < 1300);
  CHECK(logging::field("a", std::string(1280, 'x')) == "a=" + std::string(1280, 'x'));
  CHECK(logging::field("a", std::string(1281, 'x')) == "a=\"" + std::string(1280, 'x') + "...\"");
  for (const Format format : {Format::text, Format::json}) {
    logging::set_format(format);
    const std::size_t most = PIPE_BUF;
    {
      const CaughtLog log;
      logging::write(Level::error, "two", fmt::format("{0} {0}", cut));
      CHECK(log.text().size() <= most);
      CHECK(log.text().find("...\"") != std::string::npos);
    }
    const CaughtLog log;
    logging::write(Level::error, "many", fmt::format("{0} {0} {0} {0}", cut));
    CHECK(log.text().size() <= most);
    CHECK(log.text().find("octets-too-many") != std::string::npos);
    CHECK(log.lines() == 1);
  }
  logging::set_format(Format::text);
}

TEST_CASE("of an event that repeats the first is written at once, the others as their sum") {
  const CaughtLog log;
  for (int i = 0; i < 241; ++i)
    logging::write_summed(Level::warning, "fails", "upstream=a", fmt::format("reason=r{}", i));
  CHECK(log.lines() == 1);
  CHECK(log.text().ends_with("Z warning fails upstream=a reason=r0\n"));
  logging::write_sums(logging::Sums::due);  // not yet
  CHECK(log.lines() == 1);

  logging::write_summed(Level::warning, "fails", "upstream=b", "reason=r");  // another's
  logging::write_summed(Level::warning, "ends", "upstream=a");               // another event
  CHECK(log.lines() == 3);

  logging::write_sums(logging::Sums::all);
  CHECK(log.lines() == 4);  // nothing of what happened once
  CHECK(log.text().ends_with("Z warning fails upstream=a times=240 seconds=0\n"));
  logging::write_sums(logging::Sums::all);
  CHECK(log.lines() == 4);
}

TEST_CASE("the details of a repeated event are made for the one line that has them") {
  const CaughtLog log;
  int made = 0;
  const auto details = [&] { return fmt::format("reason=r{}", made++); };
  for (int i = 0; i < 10; ++i) logging::write_summed(Level::warning, "floods", "upstream=a", details);
  logging::write_summed(Level::debug, "small", "", details);
  CHECK(made == 1);
  CHECK(log.text().ends_with("Z warning floods upstream=a reason=r0\n"));
  logging::write_sums(logging::Sums::all);
  CHECK(log.text().ends_with("Z warning floods upstream=a times=9 seconds=0\n"));
}

TEST_CASE("a hostile variety of key facts is summed under its event alone") {
  const CaughtLog log;
  for (int i = 0; i < 1000; ++i) logging::write_summed(Level::info, "varied", fmt::format("key={}", i));
  CHECK(log.lines() < 300);
  logging::write_sums(logging::Sums::all);
  CHECK(log.text().find("varied times=") != std::string::npos);
}

TEST_CASE("who wants debug sees each repetition, and who wants less sees none of a lesser level") {
  const CaughtLog log;
  logging::write_summed(Level::debug, "small", "");
  CHECK(log.lines() == 0);
  logging::set_level(Level::debug);
  for (int i = 0; i < 5; ++i) logging::write_summed(Level::info, "each", "");
  CHECK(log.lines() == 5);
}
