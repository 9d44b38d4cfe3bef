// Numbers that many threads count up at once: each processor has a set of its own, on cache lines of its own,
// and who wants to know adds them up. No lock, and no memory after the beginning.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

class Counters {
 public:
  explicit Counters(std::size_t count);  // all at 0

  // Any thread.
  void add(std::size_t index, std::uint64_t amount = 1) noexcept {
    here()[index].fetch_add(amount, std::memory_order_relaxed);
  }
  // One place for several: what one event counts up.
  std::span<std::atomic<std::uint64_t>> here() noexcept;

  std::uint64_t total(std::size_t index) const noexcept;

 private:
  static constexpr std::size_t kPerLine = 8;  // 64 octets
  struct alignas(64) Line {
    std::array<std::atomic<std::uint64_t>, kPerLine> numbers{};
  };

  const std::size_t stride_;  // lines of one processor
  const std::size_t mask_;    // the number of sets, a power of two, less one
  const std::unique_ptr<Line[]> lines_;
};

// Times in classes, as Prometheus' histograms have them, and their sum: kSize counters in a row of a
// Counters. The last class has no upper bound.
namespace histogram {

using Duration = std::chrono::steady_clock::duration;

inline constexpr std::array<std::chrono::microseconds, 16> kBounds = {
    std::chrono::microseconds(50),        std::chrono::microseconds(100),
    std::chrono::microseconds(250),       std::chrono::microseconds(500),
    std::chrono::microseconds(1'000),     std::chrono::microseconds(2'500),
    std::chrono::microseconds(5'000),     std::chrono::microseconds(10'000),
    std::chrono::microseconds(25'000),    std::chrono::microseconds(50'000),
    std::chrono::microseconds(100'000),   std::chrono::microseconds(250'000),
    std::chrono::microseconds(500'000),   std::chrono::microseconds(1'000'000),
    std::chrono::microseconds(2'500'000), std::chrono::microseconds(5'000'000)};
inline constexpr std::size_t kSum = kBounds.size() + 1;  // in nanoseconds, behind the classes
inline constexpr std::size_t kSize = kSum + 1;

// The first whose bound is not below `time`.
inline std::size_t class_of(Duration time) {
  std::size_t index = 0;
  for (const auto bound : kBounds) index += static_cast<std::size_t>(time > bound);
  return index;
}

inline void observe(std::span<std::atomic<std::uint64_t>> counters, Duration time) noexcept {
  if (time < Duration::zero()) time = Duration::zero();
  counters[class_of(time)].fetch_add(1, std::memory_order_relaxed);
  counters[kSum].fetch_add(static_cast<std::uint64_t>(std::chrono::nanoseconds(time).count()),
                           std::memory_order_relaxed);
}

}  // namespace histogram
