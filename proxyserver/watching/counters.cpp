#include "proxyserver/watching/counters.h"

#include <algorithm>
#include <bit>
#include <sched.h>
#include <unistd.h>

namespace {

constexpr std::size_t kMostShards = 64;

std::size_t shards() {
  const long processors = sysconf(_SC_NPROCESSORS_CONF);
  return std::bit_ceil(
      std::clamp<std::size_t>(static_cast<std::size_t>(std::max(processors, 1L)), 1, kMostShards));
}

}  // namespace

Counters::Counters(std::size_t count)
    : stride_((count + kPerLine - 1) / kPerLine),
      mask_(shards() - 1),
      lines_(std::make_unique<Line[]>(stride_ * (mask_ + 1))) {}

// Where the thread moves to another processor meanwhile, the two share a line for once: nothing is lost.
std::span<std::atomic<std::uint64_t>> Counters::here() noexcept {
  const int cpu = sched_getcpu();
  const std::size_t shard = cpu < 0 ? 0 : static_cast<std::size_t>(cpu) & mask_;
  return {lines_[shard * stride_].numbers.data(), stride_ * kPerLine};
}

std::uint64_t Counters::total(std::size_t index) const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t shard = 0; shard <= mask_; ++shard)
    sum +=
        lines_[shard * stride_ + index / kPerLine].numbers[index % kPerLine].load(std::memory_order_relaxed);
  return sum;
}
