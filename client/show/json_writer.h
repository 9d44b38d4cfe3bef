// JSON text (RFC 8259), written from left to right on one line: opened, filled with members or values,
// closed. What is written is ASCII whatever goes in: text is read as UTF-8, and what is none becomes U+FFFD.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace client {

class JsonWriter {
 public:
  void open_object() { open('{'); }
  void open_object(std::string_view key) { name(key), open('{'); }
  void open_array() { open('['); }
  void open_array(std::string_view key) { name(key), open('['); }
  void close();                     // what was opened last
  void name(std::string_view key);  // of the member whose value comes next

  void value(std::string_view text);
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(const char* text) { value(std::string_view(text)); }
  void value(bool truth) { put(truth ? "true" : "false"); }
  void value(std::integral auto number) { put(std::to_string(number)); }
  void value(double number);  // finite; three digits behind the point

  void member(std::string_view key, const auto& of) { name(key), value(of); }

  std::string take() { return std::move(text_); }

 private:
  void open(char bracket);
  void put(std::string_view token);
  void quote(std::string_view text);

  std::string text_;
  std::string closing_;    // the brackets still owed, the innermost last
  bool separate_ = false;  // a comma is due before the next member or value
};

}  // namespace client
