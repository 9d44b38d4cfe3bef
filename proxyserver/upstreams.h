// The resolvers in their order, and the choice among them. Built before threads start; then shared by all.
#pragma once

#include <memory>
#include <vector>

#include "proxyserver/upstream.h"

class Upstreams {
 public:
  // `fastest`: choose by answer time, else by order.
  explicit Upstreams(bool fastest) : fastest_(fastest) {}

  void add(std::unique_ptr<Upstream> upstream) { all_.push_back(std::move(upstream)); }
  std::size_t size() const { return all_.size(); }
  bool encrypted() const { return all_.front()->encrypted(); }  // one kind only: options.cpp sees to that

  // The first, or the fastest, that is not serving a penalty; if all are, the one whose last failure is the
  // oldest, so that attempts in a row go round. `other_than` is taken only if there is nothing else (pass
  // null to allow all).
  Upstream& choose(const Upstream* other_than, Upstream::Clock::time_point now) const;

  // True while the outage is so young that it may be a mere restart: then a query had better wait than fail.
  bool failing_only_just(Upstream::Clock::time_point now) const;

  void sweep(Upstream::Clock::time_point now);

 private:
  const bool fastest_;
  std::vector<std::unique_ptr<Upstream>> all_;
};
