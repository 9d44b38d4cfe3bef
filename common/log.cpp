#include "common/log.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <mutex>
#include <poll.h>
#include <unistd.h>
#include <vector>

namespace logging {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kSumFor{10};
constexpr std::size_t kMostSums = 256;  // beyond, the key facts are left out

std::atomic<Level> least_level = Level::info;
std::atomic<Format> all_in = Format::text;

struct Sum {
  Level level;
  std::string event;
  std::string key;
  Clock::time_point since;
  std::size_t times = 0;  // not written yet
};

struct SumTable {
  std::mutex mutex;
  std::vector<Sum> sums;
};

// Never destroyed: threads may log while the program ends.
SumTable& all_sums() {
  static SumTable& all = *new SumTable;
  return all;
}

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

std::string joined(std::string_view some, std::string_view more) {
  return fmt::format("{}{}{}", some, some.empty() || more.empty() ? "" : " ", more);
}

// False: it is the first for long.
bool is_counted(Level level, std::string_view event, std::string_view key) {
  auto& [mutex, sums] = all_sums();
  const std::lock_guard lock(mutex);
  if (sums.size() >= kMostSums) key = {};
  const auto same = [&](const Sum& sum) { return sum.event == event && sum.key == key; };
  if (const auto found = std::ranges::find_if(sums, same); found != sums.end()) {
    ++found->times;
    return true;
  }
  sums.push_back({level, std::string(event), std::string(key), Clock::now()});
  return false;
}

}  // namespace

void set_level(Level level) {
  least_level = level;
}
void set_format(Format format) {
  all_in = format;
}
bool enabled(Level level) {
  return level >= least_level.load(std::memory_order_relaxed);
}
Format format() {
  return all_in.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view event, std::string_view facts) {
  if (!enabled(level)) return;
  const Line begun(format(), std::chrono::system_clock::now(), name_of(level), event);
  std::string line = Line(begun).add_fields(facts).take();
  // One write(2) per line: lines of different threads never mix. A log that nobody reads must not stop us: a
  // line for which there is no room is dropped. poll(2) tells of a pipe's room for PIPE_BUF octets; to write
  // more would wait.
  if (line.size() > PIPE_BUF)
    line = Line(begun).add("octets-too-many", static_cast<long long>(line.size())).take();
  static std::mutex mutex;  // else another's line takes the room between the two calls
  const std::lock_guard lock(mutex);
  pollfd entry{STDERR_FILENO, POLLOUT, 0};
  if (poll(&entry, 1, 0) != 1 || (entry.revents & POLLOUT) == 0) return;
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

bool is_to_be_written(Level level, std::string_view event, std::string_view key) {
  return enabled(level) && (enabled(Level::debug) || !is_counted(level, event, key));
}

void write_summed(Level level, std::string_view event, std::string_view key, std::string_view details) {
  if (is_to_be_written(level, event, key)) write(level, event, joined(key, details));
}

void write_sums(Sums which) {
  std::vector<Sum> due;
  {
    auto& [mutex, sums] = all_sums();
    const std::lock_guard lock(mutex);
    const Clock::time_point now = Clock::now();
    std::erase_if(sums, [&](Sum& sum) {
      if (which == Sums::due && sum.since + kSumFor > now) return false;
      if (sum.times == 0) return true;
      due.push_back(sum);
      sum.since = now;
      sum.times = 0;
      return which == Sums::all;
    });
  }
  for (const Sum& sum : due) {
    const auto seconds = std::chrono::round<std::chrono::seconds>(Clock::now() - sum.since).count();
    write(sum.level, sum.event, joined(sum.key, fmt::format("times={} seconds={}", sum.times, seconds)));
  }
}

}  // namespace logging
