// The resolvers in their order, and the choice among them. Built before threads start; then shared by all.
//
// Where an --upstream is a name, the resolvers in its place change with its addresses (names.h). Askers read
// the list without a lock: it never changes, another takes its place. So an old list has to stay for a moment
// longer than anybody reads it, and a resolver that is on none any more for as long as a query may last.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "proxyserver/upstreams/upstream.h"

class Routes;

class Upstreams {
 public:
  // `fastest`: choose by answer time, else by order. `suffixes`: those of --for, as text with a blank
  // between; empty: the general group.
  explicit Upstreams(bool fastest, std::string suffixes = {});
  Upstreams(const Upstreams&) = delete;  // its upstreams know where they are
  Upstreams& operator=(const Upstreams&) = delete;

  using List = std::vector<Upstream*>;

  // Before threads start: the next place in the order is for this one; or for these, and for others later.
  void add(std::unique_ptr<Upstream> upstream);
  std::size_t add_place(const List& upstreams);
  // By one thread: from now on these, one at least, have that place. Returns the list that is
  // replaced: keep it, and the upstreams on it, until no thread can read it and no query from then is in
  // flight.
  std::shared_ptr<const List> replace(std::size_t place, const List& upstreams);

  // Of the general group, before threads start: some names belong to other groups, which must outlive it.
  void leave_names_to(const Routes& routes) { routes_ = &routes; }
  // The group of the name, as it is on the wire: this one, or another by those routes. Allocates nothing.
  Upstreams& group_of(ByteView name) { return routes_ == nullptr ? *this : routed(name); }

  const std::string& suffixes() const { return suffixes_; }
  std::size_t size() const { return all().size(); }  // 0: all upstreams are for suffixes, and this is general
  bool empty() const { return all().empty(); }
  bool encrypted() const { return !empty() && all().front()->encrypted(); }  // one kind only: fit.cpp

  // Unless empty(): the first, or the fastest, that is not failing. If all are: the first whose penalty is
  // over, or else the one whose last failure is the oldest, so that attempts in a row go round. `other_than`,
  // and the next, are taken only if there is nothing else (null: none). One whose speed is not known yet
  // counts as the slowest.
  Upstream& choose(const Upstream* other_than, Upstream::Clock::time_point now,
                   const Upstream* nor = nullptr) const;

  // Of those of another resolver that do not fail, or may be tried again, the one that choose() would take;
  // null: there is none.
  Upstream* of_another_resolver(const Upstream& than, Upstream::Clock::time_point now) const;

  // One that should be asked a query besides, though it is not chosen: it was failing, and may be back; or,
  // with `fastest`, once in two seconds one of the others in turn, so that it is noticed when it has become
  // the fastest. Null: none, as always while there is none but these that works.
  Upstream* due_for_trial(Upstream::Clock::time_point now);

  // True while the outage is so young that it may be a mere restart: then a query had better wait than fail.
  bool failing_only_just(Upstream::Clock::time_point now) const;

  // See Upstream; those two are for the groups that names are left to as well.
  void drop_owned(const Asker& owner);
  void sweep(Upstream::Clock::time_point now);

  // For who looks on: the resolvers as they are now. Good for half a minute at least.
  const List& list() const { return all(); }

 private:
  const List& all() const { return *current_.load(std::memory_order_acquire); }

  Upstreams& routed(ByteView name);

  const bool fastest_;
  const std::string suffixes_;
  const Routes* routes_ = nullptr;
  std::vector<std::unique_ptr<Upstream>> fixed_;  // not by name
  std::vector<List> places_;
  std::shared_ptr<const List> list_;
  std::atomic<const List*> current_ = nullptr;            // that one
  std::atomic<Upstream::Clock::rep> next_measuring_ = 0;  // not before; whoever moves it on measures
  std::atomic<std::size_t> measured_last_ = 0;            // index
};
