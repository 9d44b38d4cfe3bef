#include "client/kept_lines.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "client/show/escape.h"

namespace client {
namespace {

constexpr std::size_t kOctetsPerLine = 32;

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
}

// Of printable(): \DDD back into the octet. nullopt for any other backslash, and for what was not escaped.
std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_printable(text.substr(i, 1))) return std::nullopt;
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    unsigned value = 256;
    const std::string_view digits = text.substr(i + 1, 3);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || digits.size() != 3 || end != digits.data() + 3 || value > 255)
      return std::nullopt;
    out += static_cast<char>(value);
    i += 3;
  }
  return out;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string shortened(std::string_view text) {
  constexpr std::size_t kMost = 40;
  return printable(text.substr(0, kMost)) + (text.size() > kMost ? "..." : "");
}

}  // namespace

void LineWriter::heading(std::string_view words) {
  out_ += fmt::format("\n# {}\n", words);
}

void LineWriter::line(std::string_view key, std::string_view value) {
  out_ += key;
  out_ += ':';
  if (!value.empty()) out_ += ' ' + printable(value);
  out_ += '\n';
}

void LineWriter::ascii(std::string_view key, std::string& value) {
  line(key, is_printable(value) ? value : printable(value));
}

void LineWriter::octets(std::string_view key, Bytes& value) {
  line(key, std::to_string(value.size()));
  rows(value);
}

void LineWriter::rows(const Bytes& octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t i = 0; i < octets.size(); ++i) {
    out_ += i % kOctetsPerLine == 0 ? "  " : " ";
    out_ += kDigits[octets[i] >> 4];
    out_ += kDigits[octets[i] & 15];
    if (i % kOctetsPerLine == kOctetsPerLine - 1 || i + 1 == octets.size()) out_ += '\n';
  }
}

void LineReader::fail(std::string reason) {
  if (good()) error_ = fmt::format("line {}: {}", number_, reason);
}

std::optional<std::string_view> LineReader::next() {
  while (!left_.empty()) {
    ++number_;
    const std::size_t end = left_.find('\n');
    const std::string_view line = left_.substr(0, end);
    left_.remove_prefix(end == std::string_view::npos ? left_.size() : end + 1);
    if (end == std::string_view::npos) {
      fail("the file ends inside this line");
      return std::nullopt;
    }
    if (!line.empty() && line[0] != '#') return line;
  }
  ++number_;
  return std::nullopt;
}

std::string_view LineReader::line(std::string_view key) {
  if (!good()) return {};
  const auto line = next();
  if (!line) {
    fail(fmt::format("the file ends where '{}:' is due", key));
    return {};
  }
  if (!line->starts_with(key) || line->substr(key.size(), 1) != ":") {
    fail(fmt::format("'{}:' is due here, not '{}'", key, shortened(*line)));
    return {};
  }
  std::string_view value = line->substr(key.size() + 1);
  if (value.empty()) return value;
  if (value[0] != ' ' || value.size() == 1) fail(fmt::format("one space and a value must follow '{}:'", key));
  return value.substr(1);
}

void LineReader::text(std::string_view key, std::string& value) {
  auto octets = unescaped(line(key));
  if (octets)
    value = std::move(*octets);
  else
    fail(fmt::format("{}: an octet that is not printable is written \\DDD, and so is the backslash", key));
}

void LineReader::ascii(std::string_view key, std::string& value) {
  text(key, value);
  if (!is_printable(value)) fail(fmt::format("{}: printable ASCII alone may stand here", key));
}

std::int64_t LineReader::integer(std::string_view key, std::string_view text, std::int64_t least,
                                 std::int64_t most) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= least && value <= most)
    return value;
  fail(fmt::format("{}: '{}' is not a number from {} to {}", key, shortened(text), least, most));
  return least;
}

std::size_t LineReader::index(std::string_view key, std::string_view text, const std::string_view* names,
                              std::size_t count) {
  const auto* const found = std::find(names, names + count, text);
  if (found != names + count) return static_cast<std::size_t>(found - names);
  fail(fmt::format("{}: '{}' is none of {}", key, shortened(text), fmt::join(names, names + count, ", ")));
  return 0;
}

void LineReader::octets(std::string_view key, Bytes& value) {
  std::int64_t count = 0;
  number(key, count, 0, static_cast<std::int64_t>(left_.size()));
  value = rows(static_cast<std::size_t>(count));
}

Bytes LineReader::rows(std::size_t count) {
  Bytes octets;
  while (octets.size() < count && good()) {
    const std::size_t due = std::min(count - octets.size(), kOctetsPerLine);
    const auto line = next();
    bool right = line && line->size() == 1 + 3 * due && line->front() == ' ';
    for (std::size_t i = 0; right && i < due; ++i) {
      const int high = digit((*line)[2 + 3 * i]), low = digit((*line)[3 + 3 * i]);
      right = (*line)[1 + 3 * i] == ' ' && high >= 0 && low >= 0;
      octets.push_back(static_cast<std::uint8_t>(right ? high << 4 | low : 0));
    }
    if (!right) fail(fmt::format("a row of {} octets is due here: two spaces, then 0-9a-f, as 'c0 0c'", due));
  }
  return octets;
}

void LineReader::expect_end() {
  line("end");
  if (good() && next()) fail("nothing may follow 'end:'");
}

}  // namespace client
