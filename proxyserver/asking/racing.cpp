// Connections that are being made: one that takes long is raced by another, and the first that is ready
// carries the queries of both.
#include <algorithm>

#include "common/net/net_error.h"
#include "proxyserver/asking/forwarder.h"

namespace {

constexpr std::chrono::milliseconds kRaceAfter{300};  // by the next resolver, if it works
// By whichever there is: in a long outage TCP's own tries grow rare (RFC 6298 §5.5), and a fresh one finds
// the network back sooner. The oldest of three makes room.
constexpr std::chrono::milliseconds kTryAfter{500};
constexpr std::size_t kMostAtOnce = 3;
constexpr std::chrono::seconds kLongest{1};  // for one that nobody needs

}  // namespace

// Connections of one asker do not race those of all, nor those to one group of resolvers another's: a query
// must not come from one to the other. One that is for a single query has no rival.
Forwarder::Race Forwarder::race_of(const UpstreamConnection& connection) {
  return {&connection.upstream().group(), connection.terms()};
}

std::vector<Forwarder::Race> Forwarder::races() const {
  std::vector<Race> found;
  for (const ConnectionPtr& connection : attended_) {
    if (connection->ready() || connection->terms().once) continue;
    const Race race = race_of(*connection);
    if (std::ranges::find(found, race) == found.end()) found.push_back(race);
  }
  return found;
}

// The oldest first.
std::vector<ConnectionPtr> Forwarder::connecting(const Race& race) const {
  std::vector<ConnectionPtr> found;
  for (const ConnectionPtr& connection : attended_)
    if (!connection->ready() && race_of(*connection) == race) found.push_back(connection);
  std::ranges::stable_sort(found, {}, [](const ConnectionPtr& one) { return one->begun(); });
  return found;
}

Forwarder::Clock::time_point Forwarder::next_race(Clock::time_point now) const {
  auto next = Clock::time_point::max();
  for (const Race& race : races()) {
    const std::vector<ConnectionPtr> racing = connecting(race);
    const auto begun = racing.back()->begun();
    const auto due = now < begun + kRaceAfter ? begun + kRaceAfter : begun + kTryAfter;
    next = std::min(next, now < due ? due : now + kRaceAfter);
  }
  return next;
}

void Forwarder::race(Clock::time_point now) {
  for (const Race& one : races()) race(connecting(one), now);
}

void Forwarder::race(const std::vector<ConnectionPtr>& racing, Clock::time_point now) {
  if (racing.empty()) return;
  if (std::ranges::none_of(racing, [](const ConnectionPtr& one) { return one->is_awaited(); })) {
    // Nobody needs them any more. But a resolver that is on trial may prove by one that it is back.
    for (const ConnectionPtr& one : racing)
      if (now >= one->begun() + kLongest && one->retire()) drop(one);
    return;
  }
  UpstreamConnection& newest = *racing.back();
  // Of three, the third has its turn before the first has another.
  const Upstream* const before = racing.size() > 1 ? &racing[racing.size() - 2]->upstream() : nullptr;
  Upstream& next = newest.upstream().group().choose(&newest.upstream(), now, before);
  const bool works = &next != &newest.upstream() && next.is_worth_asking(now);
  if (now < newest.begun() + (works ? kRaceAfter : kTryAfter)) return;
  if (racing.size() >= kMostAtOnce) {
    racing[0]->upstream().failed("no connection in time", now);
    move_queries(racing[0], racing[1], now);
  }
  begin_rival(next, newest, now);
}

void Forwarder::begin_rival(Upstream& upstream, UpstreamConnection& slow, Clock::time_point now) {
  try {
    const ConnectionPtr rival = upstream.connect(slow.terms(), now);
    if (rival == nullptr || !rival->attend(asker_.waker())) return;
    rival->made_for(slow.made_for());
    attended_.push_back(rival);
    if (metrics_ != nullptr) metrics_->raced(&upstream != &slow.upstream());
  } catch (const std::exception& cause) {
    upstream.failed(cause.what(), now);
  }
}

// The queries of the others go over the winner. One that began earlier, to another resolver, has lost.
void Forwarder::settle_race(const ConnectionPtr& winner, Clock::time_point now) {
  if (winner->terms().once) return;  // it is one query's
  for (const ConnectionPtr& other : connecting(race_of(*winner))) {
    if (other->begun() < winner->begun() && &other->upstream() != &winner->upstream())
      other->upstream().failed("another was connected to sooner", now);
    move_queries(other, winner, now);
  }
}

void Forwarder::move_queries(const ConnectionPtr& from, const ConnectionPtr& to, Clock::time_point now) {
  std::vector<QueryPtr> queries = from->take_all();
  drop(from);
  // One that has been sent elsewhere as well needs no other copy.
  auto moved = std::partition(queries.begin(), queries.end(),
                              [](const QueryPtr& query) { return query->copies == 1; });
  if (moved != queries.begin() &&
      to->submit({queries.begin(), moved}, asker_, to->terms(), now) == UpstreamConnection::Submitted::no)
    moved = queries.begin();
  const net::NetError cause(net::NetError::Kind::timeout, "connect to " + from->upstream().name());
  if (UpstreamMetrics* const metrics = from->upstream().metrics();
      metrics != nullptr && from->begun() < to->begun())
    metrics->failed(cause);
  const auto death = std::make_shared<const Death>(Death::of(from->upstream(), cause));
  for (auto query = moved; query != queries.end(); ++query)
    (*query)->asker->give_back({*query, Returned::Why::lost, from, death});
}

void Forwarder::drop(const ConnectionPtr& connection) {
  connection->upstream().drop(connection);
  std::erase(attended_, connection);
}
