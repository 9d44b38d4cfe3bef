// The resolvers in their order, and the choice among them. Built before threads start; then shared by all.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "proxyserver/upstreams/upstream.h"

class Upstreams {
 public:
  // `fastest`: choose by answer time, else by order.
  explicit Upstreams(bool fastest) : fastest_(fastest) {}

  void add(std::unique_ptr<Upstream> upstream) { all_.push_back(std::move(upstream)); }
  std::size_t size() const { return all_.size(); }
  bool encrypted() const { return all_.front()->encrypted(); }  // one kind only: options.cpp sees to that

  // The first, or the fastest, that is not failing. If all are: the first whose penalty is over, or else the
  // one whose last failure is the oldest, so that attempts in a row go round. `other_than`, and the next, are
  // taken only if there is nothing else (null: none). One whose speed is not known yet counts as the slowest.
  Upstream& choose(const Upstream* other_than, Upstream::Clock::time_point now,
                   const Upstream* nor = nullptr) const;

  // One that should be asked a query besides, though it is not chosen: it was failing, and may be back; or,
  // with `fastest`, once in two seconds one of the others in turn, so that it is noticed when it has become
  // the fastest. Null: none, as always while there is none but these that works.
  Upstream* due_for_trial(Upstream::Clock::time_point now);

  // True while the outage is so young that it may be a mere restart: then a query had better wait than fail.
  bool failing_only_just(Upstream::Clock::time_point now) const;

  void sweep(Upstream::Clock::time_point now);

 private:
  const bool fastest_;
  std::vector<std::unique_ptr<Upstream>> all_;
  std::atomic<Upstream::Clock::rep> next_measuring_ = 0;  // not before; whoever moves it on measures
  std::atomic<std::size_t> measured_last_ = 0;            // index
};
