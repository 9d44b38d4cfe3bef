// A point on the steady clock by which something has to be done. Made once per exchange and handed down by
// value, so that a peer that drips one octet at a time wins nothing. There is no default: "for ever" must be
// said.
#pragma once

#include <algorithm>
#include <chrono>

namespace net {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  static Deadline in(Clock::duration wait) { return Deadline(Clock::now() + wait); }
  static Deadline at(Clock::time_point when) { return Deadline(when); }
  static Deadline never() { return Deadline(Clock::time_point::max()); }

  Clock::time_point when() const { return when_; }
  bool expired(Clock::time_point now = Clock::now()) const { return now >= when_; }

  // For poll(2): -1 for ever, else milliseconds rounded up, so that a wait never ends just before the
  // deadline.
  int poll_ms(Clock::time_point now = Clock::now()) const {
    if (when_ == Clock::time_point::max()) return -1;
    if (when_ <= now) return 0;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(when_ - now).count();
    return static_cast<int>(std::min<long long>(left, 1'000'000'000));
  }

  friend Deadline earlier(Deadline a, Deadline b) { return a.when_ < b.when_ ? a : b; }

 private:
  explicit Deadline(Clock::time_point when) : when_(when) {}
  Clock::time_point when_;
};

}  // namespace net
