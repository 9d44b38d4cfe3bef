#include "common/log_line.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fmt/format.h>
#include <iterator>
#include <utility>

namespace logging {
namespace {

// Escaped. A name takes 1275 at most (255 octets as \\DDD); in JSON it may grow by a half, and two such
// fields still are a line that a pipe takes at once (log.cpp).
constexpr std::size_t kLongestField = 1280;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_printable(char c) {
  return c >= ' ' && c < 0x7f;
}
bool is_plain(char c) {
  return is_printable(c) && c != ' ' && c != '"' && c != '\\' && c != '=';
}

// What would take more than `most` octets is cut, and ends in "...".
void append_text(std::string& text, std::string_view value, std::size_t most = std::string::npos) {
  if (!value.empty() && value.size() <= most && std::ranges::all_of(value, is_plain)) {
    text += value;
    return;
  }
  text += '"';
  const std::size_t begin = text.size();
  for (const char c : value) {
    if (text.size() - begin >= most) {
      text += "...";
      break;
    }
    if (c == '"' || c == '\\')
      (text += '\\') += c;
    else if (is_printable(c))
      text += c;
    else
      fmt::format_to(std::back_inserter(text), "\\x{:02x}", static_cast<unsigned char>(c));
  }
  text += '"';
}

// RFC 8259 §7. Octets beyond ASCII need not be UTF-8: they are shown as the text format shows them.
void append_json(std::string& text, std::string_view value) {
  text += '"';
  for (const char c : value) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (text += '\\') += c;
    else if (is_printable(c))
      text += c;
    else if (octet < 0x80)
      fmt::format_to(std::back_inserter(text), "\\u{:04x}", octet);
    else
      fmt::format_to(std::back_inserter(text), "\\\\x{:02x}", octet);
  }
  text += '"';
}

// As JSON writes numbers, without exponents (RFC 8259 §6), and so short that every reader keeps all digits.
bool is_number(std::string_view text) {
  constexpr std::size_t kLongest = 15;
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view rest = point == text.npos ? "0" : text.substr(point + 1);
  const auto digits = [](std::string_view part) {
    return !part.empty() && std::ranges::all_of(part, is_digit);
  };
  return text.size() <= kLongest && digits(whole) && digits(rest) &&
         (whole.size() == 1 || !whole.starts_with('0'));
}

// What append_text() has put in quotes; takes it off `fields`, which stand behind the first quote.
std::string take_quoted(std::string_view& fields) {
  std::string value;
  std::size_t i = 0;
  for (; i < fields.size() && fields[i] != '"'; ++i) {
    if (fields[i] == '\\' && i + 1 < fields.size()) {
      ++i;
      if (fields[i] == 'x' && i + 2 < fields.size()) {
        value += static_cast<char>(std::strtoul(std::string(fields.substr(i + 1, 2)).c_str(), nullptr, 16));
        i += 2;
        continue;
      }
    }
    value += fields[i];
  }
  fields.remove_prefix(std::min(i + 1, fields.size()));
  return value;
}

}  // namespace

Line::Line(Format format, Time time, std::string_view level, std::string_view event) : format_(format) {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::time_t seconds = now / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char stamp[32];
  const std::string_view date(stamp, std::strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc));
  if (format_ == Format::text) {
    text_ = fmt::format("{}.{:03}Z {}{}{}", date, now % 1000, level, level.empty() ? "" : " ", event);
    return;
  }
  text_ = fmt::format("{{\"time\":\"{}.{:03}Z\"", date, now % 1000);
  if (!level.empty()) add("level", level);
  add("event", event);
}

Line& Line::add(std::string_view key, std::string_view value) {
  if (format_ == Format::text) {
    ((text_ += ' ') += key) += '=';
    append_text(text_, value);
  } else {
    text_ += ',';
    append_json(text_, key);
    text_ += ':';
    append_json(text_, value);
  }
  return *this;
}

Line& Line::add(std::string_view key, long long number) {
  if (format_ == Format::text)
    fmt::format_to(std::back_inserter(text_), " {}={}", key, number);
  else
    fmt::format_to(std::back_inserter(text_), ",\"{}\":{}", key, number);
  return *this;
}

Line& Line::add_fields(std::string_view fields) {
  if (format_ == Format::text) {
    if (!fields.empty()) (text_ += ' ') += fields;
    return *this;
  }
  while (!fields.empty()) {
    const auto equals = std::min(fields.find('='), fields.size());
    const std::string_view key = fields.substr(0, equals);
    fields.remove_prefix(std::min(equals + 1, fields.size()));
    if (fields.starts_with('"')) {
      fields.remove_prefix(1);
      add(key, take_quoted(fields));
    } else {
      const std::string_view value = fields.substr(0, fields.find(' '));
      fields.remove_prefix(value.size());
      if (is_number(value))
        fmt::format_to(std::back_inserter(text_), ",\"{}\":{}", key, value);
      else
        add(key, value);
    }
    if (fields.starts_with(' ')) fields.remove_prefix(1);
  }
  return *this;
}

std::string Line::take() {
  text_ += format_ == Format::text ? "\n" : "}\n";
  return std::move(text_);
}

std::string field(std::string_view key, std::string_view value) {
  std::string text = fmt::format("{}=", key);
  append_text(text, value, kLongestField);
  return text;
}

}  // namespace logging
