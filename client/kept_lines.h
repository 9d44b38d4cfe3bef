// The lines of a kept run's file (kept_run.h has the format): one class writes them, one reads them. Both
// have the same functions, so one description of a run serves both ways. A value; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/bytes.h"

namespace client {

class LineWriter {
 public:
  static constexpr bool kReads = false;

  void heading(std::string_view words);  // a comment, for the reader's eye
  void text(std::string_view key, std::string& value) { line(key, value); }
  void ascii(std::string_view key, std::string& value);  // as text; what is not printable is escaped for good
  template <typename Number>
  void number(std::string_view key, Number& value, std::int64_t, std::int64_t) {
    line(key, std::to_string(value));
  }
  void flag(std::string_view key, bool& value) { line(key, value ? "yes" : "no"); }
  template <typename Enum, std::size_t N>
  void choice(std::string_view key, Enum& value, const std::array<std::string_view, N>& names) {
    line(key, names.at(static_cast<std::size_t>(value)));
  }
  void octets(std::string_view key, Bytes& value);
  template <typename T, typename Describe>
  void some(std::string_view key, std::optional<T>& value, Describe describe) {
    line(key, value ? "yes" : "no");
    if (value) describe(*value);
  }
  template <typename T, typename Describe>
  void list(std::string_view key, std::vector<T>& values, Describe describe) {
    line(key, std::to_string(values.size()));
    for (T& value : values) describe(value);
  }
  void line(std::string_view key, std::string_view value);
  void rows(const Bytes& octets);  // sixteen-and-sixteen, in hex

  bool good() const { return true; }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// The first error sticks; what is read behind it is nothing.
class LineReader {
 public:
  static constexpr bool kReads = true;

  explicit LineReader(std::string_view text) : left_(text) {}

  void heading(std::string_view) {}
  void text(std::string_view key, std::string& value);
  void ascii(std::string_view key, std::string& value);  // refuses what is not printable ASCII
  template <typename Number>
  void number(std::string_view key, Number& value, std::int64_t least, std::int64_t most) {
    value = static_cast<Number>(integer(key, line(key), least, most));
  }
  void flag(std::string_view key, bool& value) {
    constexpr std::array<std::string_view, 2> kNames{"no", "yes"};
    value = index(key, line(key), kNames.data(), kNames.size()) == 1;
  }
  template <typename Enum, std::size_t N>
  void choice(std::string_view key, Enum& value, const std::array<std::string_view, N>& names) {
    value = static_cast<Enum>(index(key, line(key), names.data(), N));
  }
  void octets(std::string_view key, Bytes& value);
  template <typename T, typename Describe>
  void some(std::string_view key, std::optional<T>& value, Describe describe) {
    bool present = false;
    flag(key, present);
    if (present && good()) describe(value.emplace());
  }
  template <typename T, typename Describe>
  void list(std::string_view key, std::vector<T>& values, Describe describe) {
    std::int64_t count = 0;
    number(key, count, 0, kMostEntries);
    for (; count > 0 && good(); --count) {  // grows as it is read: a count alone takes no memory
      T value{};
      describe(value);
      values.push_back(std::move(value));
    }
  }

  std::string_view line(std::string_view key);  // the value of the next line, which must be `key`'s
  std::int64_t integer(std::string_view key, std::string_view text, std::int64_t least, std::int64_t most);
  std::size_t index(std::string_view key, std::string_view text, const std::string_view* names,
                    std::size_t count);
  Bytes rows(std::size_t count);

  void fail(std::string reason);  // "line 7: `reason`"; of the line read last
  bool good() const { return error_.empty(); }
  const std::string& error() const { return error_; }
  void expect_end();

 private:
  static constexpr std::int64_t kMostEntries = 1 << 20;

  std::optional<std::string_view> next();  // neither blank nor a comment

  std::string_view left_;
  std::size_t number_ = 0;  // of the line read last; the first is 1
  std::string error_;
};

}  // namespace client
