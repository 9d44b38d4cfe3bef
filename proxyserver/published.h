// A value that one thread replaces now and then while others read it: they see the old one or the new one,
// never a mixture, and wait for nobody.
//
// What was read stays valid as long as this object: old values are kept. They are few and small, being what
// an operator changes by hand; one that comes back takes the place that it had.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

template <typename T>
class Published {
 public:
  explicit Published(T first) { publish(std::move(first)); }

  // Any thread.
  const T& current() const { return *current_.load(std::memory_order_acquire); }

  // One thread. False: it was the current one already. Throws std::bad_alloc; then nothing has changed.
  bool publish(T value) {
    if (current_ != nullptr && value == current()) return false;
    const auto known = std::ranges::find_if(values_, [&](const auto& one) { return *one == value; });
    const T* now = known != values_.end() ? known->get() : nullptr;
    if (now == nullptr) now = values_.emplace_back(std::make_unique<const T>(std::move(value))).get();
    current_.store(now, std::memory_order_release);
    return true;
  }

 private:
  std::vector<std::unique_ptr<const T>> values_;  // all that there ever were
  std::atomic<const T*> current_ = nullptr;       // one of those
};
