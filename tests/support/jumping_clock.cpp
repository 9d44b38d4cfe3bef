// For LD_PRELOAD: the wall clock of a program jumps at every look at it, hours forth and most of an hour
// back, as if somebody set it all the time. The steady clock stays as it is. No farther back than an hour,
// for the tests' certificates are no older.
#include <atomic>
#include <ctime>
#include <iterator>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

std::time_t jump() noexcept {
  constexpr std::time_t kJumps[] = {0, 6 * 3600, -3000, 3 * 3600, -60};
  static std::atomic<unsigned> looks = 0;
  return kJumps[looks++ % std::size(kJumps)];
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const long result = syscall(SYS_clock_gettime, clock, now);  // past us, and past the C library
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += jump();
  return static_cast<int>(result);
}

extern "C" int gettimeofday(timeval* now, void*) noexcept {
  timespec precise;
  const int result = clock_gettime(CLOCK_REALTIME, &precise);
  *now = {precise.tv_sec, precise.tv_nsec / 1000};
  return result;
}

extern "C" std::time_t time(std::time_t* out) noexcept {
  timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (out != nullptr) *out = precise.tv_sec;
  return precise.tv_sec;
}
