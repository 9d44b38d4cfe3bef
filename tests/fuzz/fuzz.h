// What every fuzz target stands on. A target is one function of some octets, which aborts where a promise is
// broken; libFuzzer calls it with what it makes up, replay_main.cpp with what is kept in corpus/.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string_view>

#include "common/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

// Holds in every build, other than an assert().
inline void claim(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: the claim does not hold\n", where.file_name(), where.line());
  std::abort();
}

// An input that is taken apart from its front: small numbers that steer the target, then what it is about.
// At its end it gives zeros.
class Script {
 public:
  Script(const std::uint8_t* data, std::size_t size) : left_(data, size) {}

  bool at_end() const { return left_.empty(); }
  std::uint8_t octet() {
    const std::uint8_t value = left_.empty() ? std::uint8_t{0} : left_.front();
    left_ = left_.subspan(left_.empty() ? 0 : 1);
    return value;
  }
  std::uint16_t u16() {
    const unsigned high = octet();
    return static_cast<std::uint16_t>(high << 8 | octet());
  }
  ByteView take(std::size_t count) {
    const ByteView taken = left_.first(std::min(count, left_.size()));
    left_ = left_.subspan(taken.size());
    return taken;
  }
  ByteView rest() { return take(left_.size()); }

 private:
  ByteView left_;
};

inline std::string_view as_text(ByteView octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

// Fit for a terminal: no octet of a stranger's gets there unescaped. `also`: what we may put there ourselves.
inline bool is_printable(std::string_view text, std::string_view also = "") {
  return std::ranges::all_of(
      text, [also](char c) { return (c >= ' ' && c <= '~') || also.find(c) != std::string_view::npos; });
}

inline constexpr std::string_view kEllipsis = "…";

}  // namespace fuzz
