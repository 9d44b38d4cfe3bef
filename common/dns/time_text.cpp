#include "common/dns/time_text.h"

#include <charconv>
#include <chrono>
#include <fmt/format.h>
#include <limits>

namespace dns {
namespace {

constexpr std::uint64_t kMaxSeconds = std::numeric_limits<std::uint32_t>::max();

template <typename Number>
std::optional<Number> number(std::string_view digits) {
  Number value = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, value);
  if (error != std::errc() || end != last) return std::nullopt;
  return value;
}

std::uint64_t seconds_in(char unit) {
  switch (unit) {
    case 's':
    case 'S':
      return 1;
    case 'm':
    case 'M':
      return 60;
    case 'h':
    case 'H':
      return 3600;
    case 'd':
    case 'D':
      return 86400;
    case 'w':
    case 'W':
      return 604800;
    default:
      return 0;
  }
}

}  // namespace

std::optional<std::uint32_t> ttl_from_text(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (const auto plain = number<std::uint32_t>(text)) return plain;
  std::uint64_t total = 0;
  while (!text.empty()) {
    const std::size_t digits = text.find_first_not_of("0123456789");
    if (digits == std::string_view::npos) return std::nullopt;
    const auto count = number<std::uint32_t>(text.substr(0, digits));
    const std::uint64_t unit = seconds_in(text[digits]);
    if (!count || unit == 0) return std::nullopt;
    total += *count * unit;
    if (total > kMaxSeconds) return std::nullopt;
    text.remove_prefix(digits + 1);
  }
  return static_cast<std::uint32_t>(total);
}

std::string timestamp_text(std::uint32_t seconds) {
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss clock(time - midnight);
  return fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<std::uint32_t> timestamp_from_text(std::string_view text) {
  if (text.size() != 14) return number<std::uint32_t>(text);
  const auto part = [&](std::size_t at, std::size_t length) {
    return number<unsigned>(text.substr(at, length)).value_or(9999);  // 9999 is no month, day, hour …
  };
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(part(0, 4))),
                                         std::chrono::month(part(4, 2)), std::chrono::day(part(6, 2)));
  const unsigned hour = part(8, 2), minute = part(10, 2), second = part(12, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const auto time = std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(hour) +
                    std::chrono::minutes(minute) + std::chrono::seconds(second);
  const std::int64_t total = std::chrono::seconds(time).count();
  if (total < 0 || static_cast<std::uint64_t>(total) > kMaxSeconds) return std::nullopt;
  return static_cast<std::uint32_t>(total);
}

}  // namespace dns
