#include "proxyserver/upstreams/upstreams.h"

#include <algorithm>
#include <utility>

#include "proxyserver/upstreams/routes.h"

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

Upstreams::Upstreams(bool fastest, std::string suffixes)
    : fastest_(fastest), suffixes_(std::move(suffixes)), list_(std::make_shared<const List>()) {
  current_ = list_.get();
}

Upstreams& Upstreams::routed(ByteView name) {
  Upstreams* const group = routes_->find(name);
  return group != nullptr ? *group : *this;
}

void Upstreams::add(std::unique_ptr<Upstream> upstream) {
  fixed_.push_back(std::move(upstream));
  add_place({fixed_.back().get()});
}

std::size_t Upstreams::add_place(const List& upstreams) {
  places_.emplace_back();
  replace(places_.size() - 1, upstreams);
  return places_.size() - 1;
}

std::shared_ptr<const Upstreams::List> Upstreams::replace(std::size_t place, const List& upstreams) {
  places_[place] = upstreams;
  for (Upstream* const one : upstreams) one->belong_to(*this);
  List all;
  for (const List& here : places_) all.insert(all.end(), here.begin(), here.end());
  auto before = std::exchange(list_, std::make_shared<const List>(std::move(all)));
  current_.store(list_.get(), std::memory_order_release);
  return before;
}

Upstream& Upstreams::choose(const Upstream* other_than, Clock::time_point now, const Upstream* nor) const {
  const List& all = this->all();
  if (nor != nullptr && all.size() < 3) nor = nullptr;
  Upstream* best = nullptr;
  Upstream* failing = nullptr;  // but to be tried again
  Upstream* longest_ago = nullptr;
  for (Upstream* const upstream : all) {
    if (upstream == nor || (upstream == other_than && all.size() > 1)) continue;
    if (!upstream->is_failing()) {
      if (best == nullptr || (fastest_ && is_faster(*upstream, *best))) best = upstream;
      continue;
    }
    if (failing == nullptr && upstream->penalty_end() <= now) failing = upstream;
    if (longest_ago == nullptr || upstream->last_failure() < longest_ago->last_failure())
      longest_ago = upstream;
  }
  if (best != nullptr) return *best;
  return failing != nullptr ? *failing : *longest_ago;
}

Upstream* Upstreams::of_another_resolver(const Upstream& than, Clock::time_point now) const {
  Upstream* best = nullptr;
  for (Upstream* const upstream : all()) {
    if (upstream->is_one_with(than) || !upstream->is_worth_asking(now)) continue;
    if (best == nullptr || (best->is_failing() && !upstream->is_failing()) ||
        (fastest_ && !upstream->is_failing() && is_faster(*upstream, *best)))
      best = upstream;
  }
  return best;
}

Upstream* Upstreams::due_for_trial(Clock::time_point now) {
  const List& all = this->all();
  if (all.size() < 2) return nullptr;
  const Upstream& chosen = choose(nullptr, now);
  if (chosen.is_failing()) return nullptr;  // then each has its turn by itself
  for (Upstream* const upstream : all)
    if (upstream->is_due_for_trial(now)) return upstream;

  if (!fastest_ || chosen.smoothed_time().count() == 0) return nullptr;  // nothing to compare with yet
  Clock::rep due = next_measuring_.load(std::memory_order_relaxed);
  if (now.time_since_epoch().count() < due ||
      !next_measuring_.compare_exchange_strong(due, (now + kMeasureEvery).time_since_epoch().count()))
    return nullptr;  // another thread was faster
  for (std::size_t i = 1; i <= all.size(); ++i) {
    const std::size_t index = (measured_last_ + i) % all.size();
    Upstream& upstream = *all[index];
    if (&upstream == &chosen || upstream.is_failing()) continue;
    measured_last_ = index;
    return &upstream;
  }
  return nullptr;
}

bool Upstreams::failing_only_just(Upstream::Clock::time_point now) const {
  return std::ranges::any_of(all(),
                             [now](const Upstream* u) { return now - u->failing_since() < kRestartTime; });
}

void Upstreams::drop_owned(const Asker& owner) {
  for (Upstream* const upstream : all()) upstream->drop_owned(owner);
  if (routes_ == nullptr) return;
  for (const auto& group : routes_->groups()) group->drop_owned(owner);
}

void Upstreams::sweep(Upstream::Clock::time_point now) {
  for (Upstream* const upstream : all()) upstream->sweep(now);
  if (routes_ == nullptr) return;
  for (const auto& group : routes_->groups()) group->sweep(now);
}
