// The CPU time that processes have used so far, all threads, ended ones too, in nanoseconds, summed. What
// /proc counts in ticks of 10 ms is too coarse for a run of a second.
//
//   cpu_time PID...
#include <cstdio>
#include <cstdlib>
#include <ctime>

int main(int argc, char** argv) {
  long long total = 0;
  for (int i = 1; i < argc; ++i) {
    clockid_t clock;
    timespec time;
    if (clock_getcpuclockid(std::atoi(argv[i]), &clock) != 0 || clock_gettime(clock, &time) != 0) {
      std::fprintf(stderr, "cpu_time: there is no process %s\n", argv[i]);
      return 1;
    }
    total += time.tv_sec * 1'000'000'000LL + time.tv_nsec;
  }
  std::printf("%lld\n", total);
}
