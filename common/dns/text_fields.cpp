#include "common/dns/text_fields.h"

#include <fmt/format.h>
#include <iterator>

namespace dns {
namespace {

constexpr std::size_t kCitedLength = 40;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The offset of the quote that closes a string whose first character is at `at`; npos if there is none.
std::size_t closing_quote(std::string_view text, std::size_t at) {
  for (; at < text.size(); ++at) {
    if (text[at] == '"') return at;
    if (text[at] == '\\') ++at;
  }
  return std::string_view::npos;
}

// One past the end of an unquoted field that begins at `at`; npos if a quote in it is not closed.
std::size_t end_of_bare_field(std::string_view text, std::size_t at) {
  for (; at < text.size() && !is_space(text[at]); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      if (text[at - 1] != '=') return at;  // a quoted field without a blank before it
      const std::size_t close = closing_quote(text, at + 1);
      return close == std::string_view::npos ? close : close + 1;
    }
  }
  return at < text.size() ? at : text.size();
}

}  // namespace

std::expected<std::vector<TextField>, TextError> split_fields(std::string_view text) {
  std::vector<TextField> fields;
  for (std::size_t at = 0; at < text.size();) {
    if (is_space(text[at])) {
      ++at;
      continue;
    }
    const bool quote = text[at] == '"';
    const std::size_t first = quote ? at + 1 : at;
    const std::size_t last = quote ? closing_quote(text, first) : end_of_bare_field(text, first);
    if (last == std::string_view::npos) return std::unexpected(TextError{"quote is never closed", at});
    fields.push_back({text.substr(first, last - first), first, quote});
    at = quote ? last + 1 : last;
  }
  return fields;
}

TextField FieldCursor::take() {
  const TextField field = fields_.front();
  fields_ = fields_.subspan(1);
  return field;
}

std::expected<TextField, TextError> FieldCursor::next(std::string_view name) {
  if (at_end()) return std::unexpected(TextError{fmt::format("{} is missing", name), end_column_});
  return take();
}

std::expected<Bytes, TextError> unescape(const TextField& field) {
  const std::string_view text = field.text;
  Bytes octets;
  octets.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::size_t column = field.column + at;
    if (text[at] != '\\') {
      octets.push_back(static_cast<std::uint8_t>(text[at]));
      continue;
    }
    if (++at == text.size()) return std::unexpected(TextError{"nothing after the last backslash", column});
    if (!is_digit(text[at])) {
      octets.push_back(static_cast<std::uint8_t>(text[at]));
      continue;
    }
    if (text.size() - at < 3 || !is_digit(text[at + 1]) || !is_digit(text[at + 2]))
      return std::unexpected(TextError{"escape without its three digits", column});
    const int value = (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
    if (value > 255) return std::unexpected(TextError{"escape above \\255", column});
    octets.push_back(static_cast<std::uint8_t>(value));
    at += 2;
  }
  return octets;
}

std::expected<Bytes, TextError> character_string(const TextField& field) {
  auto octets = unescape(field);
  if (octets && octets->size() > 255)
    return std::unexpected(TextError{"character-string longer than 255 octets", field.column});
  return octets;
}

std::string quoted(ByteView octets) {
  std::string text = "\"";
  for (const std::uint8_t octet : octets) {
    if (octet < ' ' || octet >= 0x7f) {
      fmt::format_to(std::back_inserter(text), "\\{:03}", octet);
      continue;
    }
    if (octet == '"' || octet == '\\') text += '\\';
    text += static_cast<char>(octet);
  }
  return text += '"';
}

std::string cited(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, kCitedLength)) {
    if (c < ' ' || c >= 0x7f)
      fmt::format_to(std::back_inserter(out), "\\{:03}", static_cast<std::uint8_t>(c));
    else
      out += c;
  }
  return out += text.size() > kCitedLength ? "…'" : "'";
}

}  // namespace dns
