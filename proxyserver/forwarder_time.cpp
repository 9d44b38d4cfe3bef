// What time alone brings about: upstreams that are silent are asked beside (hedging), another try is made,
// and queries end.
#include <algorithm>
#include <fmt/format.h>

#include "common/dns/codes.h"
#include "common/net/net_error.h"
#include "proxyserver/forwarder.h"

using net::NetError;

namespace {

constexpr std::chrono::seconds kConnectTime{1};  // then TCP itself tries again, at first (RFC 6298 §2)

}  // namespace

// An upstream that owes answers and says nothing: ask another, or at least over another connection. Whichever
// answers first counts.
void Forwarder::hedge(Leg& silent, Clock::time_point now) {
  next_hedge_ = now + limits_.hedge_after;  // whatever becomes of this attempt
  const std::uint8_t mask = bit(silent);
  Leg& fresh = legs_[&silent == &legs_[0] ? 1 : 0];
  // An open leg will do, if one of the two was for measuring; but not one that cannot even connect.
  if (!silent.measuring && !fresh.measuring && fresh.lease)
    leg_died(fresh, NetError(NetError::Kind::timeout, "connect to " + fresh.lease->stream->peer()), now);
  silent.measuring = fresh.measuring = false;
  if (!fresh.lease &&
      !open(fresh, upstreams_.choose(&silent.lease.upstream(), now), net::Deadline::at(now), now))
    return;
  current_ = static_cast<std::size_t>(&fresh - legs_.data());
  queries_.for_each([&](Query& query) {
    if ((query.legs & mask) != 0 && query.sends < kMaxSends) send(query, fresh, now);
  });
  try {
    write(fresh, now);
  } catch (const std::exception& cause) {
    leg_died(fresh, cause, now);
  }
}

// Another upstream has answered what this one was asked first, and has long been silent about: it is not
// well.
void Forwarder::blame_slower(const Query& query, const Leg& faster, Clock::time_point now) {
  const Leg& other = legs_[&faster == &legs_[0] ? 1 : 0];
  if ((query.legs & bit(other)) == 0 || &other.lease.upstream() == &faster.lease.upstream()) return;
  if (other.last_heard + limits_.hedge_after <= now)
    other.lease.upstream().failed("silent while it owes answers", now);
}

// When to ask beside this leg; never, if it owes nothing, or what it owes has been asked beside it already:
// unless neither connects. Then one that has tried for a second makes room for another: the network, once it
// is back, is found sooner than by TCP's own tries, which grow rare in a long outage.
Forwarder::Clock::time_point Forwarder::hedge_time(const Leg& leg) const {
  const Leg& other = legs_[&leg == &legs_[0] ? 1 : 0];
  if (paused_ || !leg.lease || leg.owed == 0) return Clock::time_point::max();
  const bool hedged = other.lease && !leg.measuring && !other.measuring;
  if (!hedged) return std::max(leg.last_heard + limits_.hedge_after, next_hedge_);
  if (leg.lease->connected || other.lease->connected) return Clock::time_point::max();
  return other.last_heard + kConnectTime;
}

Forwarder::Clock::time_point Forwarder::next_time() const {
  return std::min({first_deadline_, retry_at_.value_or(Clock::time_point::max()), hedge_time(legs_[0]),
                   hedge_time(legs_[1])});
}

void Forwarder::on_time(Clock::time_point now) {
  if (first_deadline_ <= now) expire(now);
  if (retry_at_ && *retry_at_ <= now) {
    retry_at_.reset();
    lost_in_a_row_ = 0;
  }
  for (Leg& leg : legs_)
    if (hedge_time(leg) <= now) hedge(leg, now);
}

void Forwarder::expire(Clock::time_point now) {
  for (const Leg& leg : legs_)
    if (!paused_ && leg.lease && leg.owed > 0 && leg.last_heard + limits_.query <= now)
      leg.lease.upstream().failed(fmt::format("no answer within {} ms", limits_.query.count()), now);
  first_deadline_ = Clock::time_point::max();
  queries_.for_each([&](Query& query) {
    if (query.deadline > now) {
      first_deadline_ = std::min(first_deadline_, query.deadline);
      return;
    }
    const Leg* leg = (query.legs & 1U) != 0 ? &legs_[0] : (query.legs & 2U) != 0 ? &legs_[1] : nullptr;
    if (leg == nullptr)
      fail(query, last_error_);
    else
      fail(query,
           {dns::ede::NETWORK_ERROR,
            fmt::format("{}: no answer within {} ms", leg->lease.upstream().name(), limits_.query.count())});
  });
}
