#include "common/log.h"

#include <atomic>
#include <chrono>
#include <ctime>
#include <poll.h>
#include <unistd.h>

namespace logging {
namespace {

std::atomic<Level> least_level = Level::info;

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  return "?";
}

bool is_plain(char c) {
  return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

}  // namespace

void set_level(Level level) {
  least_level = level;
}
bool enabled(Level level) {
  return level >= least_level.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view event, std::string_view facts) {
  if (!enabled(level)) return;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  std::tm utc{};
  gmtime_r(&now.tv_sec, &utc);
  char stamp[32];
  const std::size_t size = std::strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
  const std::string line =
      fmt::format("{}.{:03}Z {} {}{}{}\n", std::string_view(stamp, size), now.tv_nsec / 1'000'000,
                  name_of(level), event, facts.empty() ? "" : " ", facts);
  // One write(2) per line: lines of different threads never mix. A log that nobody reads must not stop us: a
  // line for which there is no room is dropped.
  pollfd entry{STDERR_FILENO, POLLOUT, 0};
  if (poll(&entry, 1, 0) != 1 || (entry.revents & POLLOUT) == 0) return;
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

std::string field(std::string_view key, std::string_view value) {
  std::string text = fmt::format("{}=", key);
  bool plain = !value.empty();
  for (const char c : value) plain = plain && is_plain(c);
  if (plain) return text.append(value);
  text += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\')
      (text += '\\') += c;
    else if (c >= ' ' && c < 0x7f)
      text += c;
    else
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return text += '"';
}

bool Throttle::allow() {
  if (enabled(Level::debug)) return true;
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const long long second = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  return last_.exchange(second) != second;
}

}  // namespace logging
