#include "proxyserver/watching/process_facts.h"

#include <array>
#include <cstdlib>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <sys/resource.h>
#include <unistd.h>

namespace {

double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// "." and ".." are counted in for nothing; what the look itself opened, too. fdopendir() takes the descriptor
// over: so it gets one of its own, whose place in the folder is the same, and is set back.
std::optional<std::uint64_t> count_entries(int folder) {
  const int copy = fcntl(folder, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return std::nullopt;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(copy), &closedir);
  if (entries == nullptr) {
    close(copy);
    return std::nullopt;
  }
  rewinddir(entries.get());
  std::uint64_t count = 0;
  while (const dirent* const entry = readdir(entries.get()))
    if (entry->d_name[0] != '.') ++count;
  return count - 1;
}

}  // namespace

ProcessFacts::ProcessFacts()
    : start_(unix_time()),
      memory_(open("/proc/self/statm", O_RDONLY | O_CLOEXEC)),
      descriptors_(open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

void ProcessFacts::write(Exposition& to) const {
  to.gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.");
  to.sample({}, start_);
  to.counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.");
  to.sample({}, cpu_seconds());
  std::array<char, 128> text{};
  if (memory_.valid() && pread(memory_.get(), text.data(), text.size() - 1, 0) > 0) {
    char* rest = nullptr;  // two numbers, in pages
    const std::uint64_t pages = std::strtoull(text.data(), &rest, 10);
    const std::uint64_t resident = std::strtoull(rest, nullptr, 10);
    const auto size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    to.gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.");
    to.sample({}, pages * size);
    to.gauge("process_resident_memory_bytes", "Resident memory size in bytes.");
    to.sample({}, resident * size);
  }
  if (const auto open = descriptors_.valid() ? count_entries(descriptors_.get()) : std::nullopt) {
    to.gauge("process_open_fds", "Number of open file descriptors.");
    to.sample({}, *open);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  to.gauge("process_max_fds", "Maximum number of open file descriptors.");
  to.sample({}, static_cast<std::uint64_t>(limit.rlim_cur));
}
