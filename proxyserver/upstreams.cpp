#include "proxyserver/upstreams.h"

#include <algorithm>

namespace {

using Clock = Upstream::Clock;

constexpr std::chrono::seconds kRestartTime{2};
constexpr Clock::duration kMeasureEvery = std::chrono::seconds(2);

bool is_faster(const Upstream& one, const Upstream& other) {
  const Clock::duration time = one.smoothed_time();
  const Clock::duration other_time = other.smoothed_time();
  return time.count() > 0 && (other_time.count() == 0 || time < other_time);
}

}  // namespace

Upstream& Upstreams::choose(const Upstream* other_than, Upstream::Clock::time_point now) const {
  Upstream* best = nullptr;
  Upstream* longest_ago = nullptr;
  for (const auto& upstream : all_) {
    if (upstream.get() == other_than && all_.size() > 1) continue;
    if (longest_ago == nullptr || upstream->last_failure() < longest_ago->last_failure())
      longest_ago = upstream.get();
    if (upstream->penalty_end() > now) continue;
    if (best == nullptr || (fastest_ && is_faster(*upstream, *best))) best = upstream.get();
  }
  return best != nullptr ? *best : *longest_ago;
}

Upstream* Upstreams::due_for_measuring(Clock::time_point now) {
  if (!fastest_ || all_.size() < 2) return nullptr;
  Clock::rep due = next_measuring_.load(std::memory_order_relaxed);
  if (now.time_since_epoch().count() < due) return nullptr;
  const Upstream& chosen = choose(nullptr, now);
  if (chosen.smoothed_time().count() == 0) return nullptr;  // nothing to compare with yet
  if (!next_measuring_.compare_exchange_strong(due, (now + kMeasureEvery).time_since_epoch().count()))
    return nullptr;  // another thread was faster
  for (std::size_t i = 1; i <= all_.size(); ++i) {
    const std::size_t index = (measured_last_ + i) % all_.size();
    Upstream& upstream = *all_[index];
    if (&upstream == &chosen || upstream.penalty_end() > now) continue;
    measured_last_ = index;
    return &upstream;
  }
  return nullptr;
}

bool Upstreams::failing_only_just(Upstream::Clock::time_point now) const {
  return std::ranges::any_of(all_, [now](const auto& u) { return now - u->failing_since() < kRestartTime; });
}

void Upstreams::sweep(Upstream::Clock::time_point now) {
  for (const auto& upstream : all_) upstream->sweep(now);
}
