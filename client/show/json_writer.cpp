#include "client/show/json_writer.h"

#include <cassert>
#include <fmt/format.h>
#include <iterator>

namespace client {
namespace {

constexpr char32_t kReplacement = 0xfffd;  // U+FFFD, for octets that are no UTF-8

// Takes the first character off `text`, which is not empty. RFC 3629 §3: the shortest form alone, no
// surrogates, nothing above U+10FFFF.
char32_t next_character(std::string_view& text) {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = octet(0);
  const std::size_t length = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  char32_t character = length == 1 ? first : first & (0xffu >> (length + 1));
  bool valid = length > 0 && first < 0xf8 && length <= text.size();
  for (std::size_t i = 1; valid && i < length; ++i) {
    valid = (octet(i) & 0xc0) == 0x80;
    character = character << 6 | (octet(i) & 0x3f);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};  // by length
  valid = valid && character >= kLeast[length] && character <= 0x10ffff &&
          (character < 0xd800 || character > 0xdfff);
  text.remove_prefix(valid ? length : 1);
  return valid ? character : kReplacement;
}

}  // namespace

void JsonWriter::open(char bracket) {
  put({&bracket, 1});
  closing_ += bracket == '{' ? '}' : ']';
  separate_ = false;
}

void JsonWriter::close() {
  assert(!closing_.empty());
  text_ += closing_.back();
  closing_.pop_back();
  separate_ = true;
}

void JsonWriter::name(std::string_view key) {
  if (separate_) text_ += ',';
  quote(key);
  text_ += ':';
  separate_ = false;
}

void JsonWriter::value(std::string_view text) {
  put("");
  quote(text);
}

void JsonWriter::value(double number) {
  put(fmt::format("{:.3f}", number));
}

void JsonWriter::put(std::string_view token) {
  if (separate_) text_ += ',';
  text_ += token;
  separate_ = true;
}

void JsonWriter::quote(std::string_view text) {
  text_ += '"';
  while (!text.empty()) {
    const char32_t c = next_character(text);
    if (c == '"' || c == '\\')
      (text_ += '\\') += static_cast<char>(c);
    else if (c >= ' ' && c < 0x7f)
      text_ += static_cast<char>(c);
    else if (c <= 0xffff)
      fmt::format_to(std::back_inserter(text_), "\\u{:04x}", static_cast<unsigned>(c));
    else  // RFC 8259 §7: as a pair of surrogates
      fmt::format_to(std::back_inserter(text_), "\\u{:04x}\\u{:04x}",
                     0xd7c0 + (static_cast<unsigned>(c) >> 10), 0xdc00 + (static_cast<unsigned>(c) & 0x3ff));
  }
  text_ += '"';
}

}  // namespace client
