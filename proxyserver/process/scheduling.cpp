#include "proxyserver/process/scheduling.h"

#include <atomic>
#include <ctime>
#include <sched.h>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPeriod{100};
constexpr int kBusyPart = 4;  // busy: more than one part in four of one processor's time

std::atomic<bool> busy = false;

std::chrono::nanoseconds cpu_time() noexcept {  // of all threads
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// By one thread per period, whichever comes first; it has passed since the last look, and `late` besides.
void look(Clock::duration late) noexcept {
  static std::atomic<std::chrono::nanoseconds> last_cpu_time{};
  const auto cpu = cpu_time();
  busy = (cpu - last_cpu_time.exchange(cpu)) * kBusyPart > kPeriod + late;
}

}  // namespace

void heed_load(Clock::time_point now) noexcept {
  static const bool ours_to_choose = sched_getscheduler(0) == SCHED_OTHER;  // as we were started
  thread_local int policy = sched_getscheduler(0);                          // inherited
  if (!ours_to_choose) return;
  static std::atomic<Clock::time_point> next_look{};
  Clock::time_point due = next_look;
  if (due <= now && next_look.compare_exchange_strong(due, now + kPeriod)) look(now - due);
  const int wanted = busy ? SCHED_BATCH : SCHED_OTHER;
  if (policy == wanted) return;
  const sched_param none{};
  sched_setscheduler(0, wanted, &none);
  policy = wanted;
}
