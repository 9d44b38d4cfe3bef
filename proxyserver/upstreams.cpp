#include "proxyserver/upstreams.h"

#include <algorithm>

namespace {
constexpr std::chrono::seconds kRestartTime{2};
}

Upstream& Upstreams::choose(const Upstream* other_than, Upstream::Clock::time_point now) const {
  Upstream* best = nullptr;
  Upstream* longest_ago = nullptr;
  for (const auto& upstream : all_) {
    if (upstream.get() == other_than && all_.size() > 1) continue;
    if (longest_ago == nullptr || upstream->last_failure() < longest_ago->last_failure())
      longest_ago = upstream.get();
    if (upstream->penalty_end() > now) continue;
    // One that has not answered yet has time 0, and so gets its chance to show how fast it is.
    if (best == nullptr || (fastest_ && upstream->smoothed_time() < best->smoothed_time()))
      best = upstream.get();
  }
  return best != nullptr ? *best : *longest_ago;
}

bool Upstreams::failing_only_just(Upstream::Clock::time_point now) const {
  return std::ranges::any_of(all_, [now](const auto& u) { return now - u->failing_since() < kRestartTime; });
}

void Upstreams::sweep(Upstream::Clock::time_point now) {
  for (const auto& upstream : all_) upstream->sweep(now);
}
