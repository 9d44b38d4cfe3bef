#include "common/cli.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <fmt/format.h>

namespace cli {

std::expected<long, std::string> parse_number(std::string_view text, long least, long most) {
  long value = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error == std::errc::invalid_argument || (error == std::errc() && end != last))
    return std::unexpected(fmt::format("'{}' is not a number", text));
  if (error != std::errc() || value < least || value > most)
    return std::unexpected(fmt::format("{} is not between {} and {}", text, least, most));
  return value;
}

std::expected<std::chrono::milliseconds, std::string> parse_duration(std::string_view text) {
  double value = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  const std::string_view unit(end, static_cast<std::size_t>(last - end));
  const double scale = unit == "ms" ? 1 : unit.empty() || unit == "s" ? 1000 : 0;
  if (error != std::errc() || scale == 0)
    return std::unexpected(fmt::format("'{}' is not a time such as 5, 2.5s or 300ms", text));
  const double milliseconds = std::round(value * scale);
  if (!(milliseconds >= 1 && milliseconds <= 86'400'000))
    return std::unexpected(fmt::format("{} is not between 1ms and a day", text));
  return std::chrono::milliseconds(static_cast<long long>(milliseconds));
}

int complain(std::string_view program, std::string_view complaint) {
  fmt::print(stderr, "{}: {}; try '{} --help'\n", program, complaint, program);
  return usage;
}

}  // namespace cli
