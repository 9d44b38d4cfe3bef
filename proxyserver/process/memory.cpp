#include "proxyserver/process/memory.h"

#include <array>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <malloc.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

void prepare_heap([[maybe_unused]] char** argv) noexcept {
  constexpr int kBuffer = 16'000;
  mallopt(M_MMAP_THRESHOLD, kBuffer);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  std::array<char, PATH_MAX> self{};  // by its path, so that ps(1) shows its name
  if (getauxval(AT_SECURE) != 0 || std::getenv("GLIBC_TUNABLES") != nullptr ||
      readlink("/proc/self/exe", self.data(), self.size() - 1) <= 0)
    return;
  if (setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 0) == 0) execv(self.data(), argv);
#endif
}

void rest_thread() noexcept {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  void* lowest = nullptr;
  std::size_t size = 0;
  if (pthread_attr_getstack(&attributes, &lowest, &size) == 0) {
    // Stacks grow downwards: all below this frame is free, but for what this function and the call use.
    constexpr std::size_t kInUse = 1024;
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(lowest);
    const auto frame = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    const std::uintptr_t end = (frame - kInUse) / page * page;
    if (begin < end) madvise(lowest, end - begin, MADV_DONTNEED);
  }
  pthread_attr_destroy(&attributes);
}
