// What time means to a connection: for how long its attendant waits, when an answer is late, and when queries
// go round it.
#include <algorithm>

#include "proxyserver/upstreams/connection.h"
#include "proxyserver/upstreams/upstream.h"

namespace {

using namespace std::chrono_literals;

// An answer may take this much longer than the fastest did before queries go round the connection.
constexpr auto kPatience = 100ms;

}  // namespace

// Nothing has come for longer than an answer takes here: the oldest query is a slow one, and a resolver that
// answers in turn holds all behind it up; or the path is dead.
bool UpstreamConnection::is_stuck(Clock::time_point now) {
  if (!ready_ || in_flight_.taken() == 0) return false;
  const InFlight::Entry* const oldest = in_flight_.oldest();
  return now - (oldest != nullptr ? silent_since(*oldest) : last_heard_) > patience();
}

// Of the oldest, which the caller has asked for once: it may end at any time, and then another is the oldest.
UpstreamConnection::Clock::time_point UpstreamConnection::silent_since(const InFlight::Entry& oldest) const {
  return std::max(last_heard_, oldest.sent);
}

UpstreamConnection::Clock::duration UpstreamConnection::patience() const {
  return kPatience + fastest_;
}

std::optional<UpstreamConnection::Plan> UpstreamConnection::plan(Clock::time_point now,
                                                                 Clock::duration hedge_after) {
  const std::lock_guard lock(table_);
  const InFlight::Entry* const oldest = in_flight_.oldest();
  if (oldest == nullptr && ready_ && !blocked_ && failure_.empty() && !unread_) {
    // What is still owed is waited for, though nobody needs it: it frees its ID, and tells the resolver's
    // speed. Where it does not come, whoever asks next had better not wait here.
    const bool given_up = now - last_heard_ >= hedge_after;
    if (in_flight_.taken() == 0 || given_up) {
      attendant_ = nullptr;
      idle_since_ = now;
      closed_ = closed_ || in_flight_.taken() > 0 || reader_.mid_frame();
      return std::nullopt;
    }
  }
  int events = 0;
  if (!connected_)
    events = POLLOUT;
  else if (!ready_)
    events = POLLIN | (handshake_wants_write_ ? POLLOUT : 0);
  else
    events = (read_wants_write_ ? 0 : POLLIN) | (blocked_ || read_wants_write_ ? POLLOUT : 0);
  Plan plan{{parts_.stream->fd(), static_cast<short>(events), 0}, Clock::time_point::max()};
  if (!failure_.empty() || unread_) {
    plan.until = now;
  } else if (ready_ && oldest != nullptr) {
    plan.until = std::min(oldest->query->deadline, std::max(last_heard_ + hedge_after, next_hedge_));
    // On a busy connection, too, an answer may never come.
    if (const InFlight::Entry* const late = in_flight_.oldest_not_hedged())
      plan.until = std::min(plan.until, late->sent + hedge_after);
    // Others may come to lie behind it; once it has proved slow, none does any more.
    if (!told_ && !upstream_.is_out_of_order())
      plan.until = std::min(plan.until, silent_since(*oldest) + patience());
  } else if (ready_) {
    // What is asked meanwhile wakes nobody, and may prove slow.
    plan.until = std::min(last_heard_ + hedge_after, now + patience());
  }
  return plan;
}

std::vector<Returned> UpstreamConnection::overdue(Clock::time_point now, Clock::duration hedge_after) {
  std::vector<Returned> overdue;
  const std::lock_guard lock(table_);
  const InFlight::Entry* const oldest = in_flight_.oldest();
  if (!ready_ || oldest == nullptr) return overdue;
  // The resolver has answered others since, so this one is slow; in turn, the next would wait for it there
  // too.
  const auto is_slow = [&](const InFlight::Entry& entry) {
    return !upstream_.is_out_of_order() && upstream_.last_answer() > entry.sent;
  };
  const bool silent = std::max(last_heard_ + hedge_after, next_hedge_) <= now;
  const bool stuck =
      !silent && !told_ && !upstream_.is_out_of_order() && silent_since(*oldest) + patience() <= now;
  if (!silent && !stuck) {
    while (InFlight::Entry* const late = in_flight_.oldest_not_hedged()) {
      if (late->sent + hedge_after > now) break;
      late->hedged = true;
      overdue.push_back(
          {late->query, Returned::Why::silent, shared_from_this(), nullptr, {}, is_slow(*late)});
    }
    return overdue;
  }
  if (silent) next_hedge_ = now + hedge_after;  // whatever becomes of this
  told_ = true;
  // It had left behind another message, which has been answered: it may lie there unread.
  const bool unread = oldest->gathered && answers_ > 0 && (silent || in_flight_.taken() > 1);
  if (unread) upstream_.seems_to_leave_messages(now);
  // The slow one may be one that nobody waits for any more.
  const bool oldest_is_slow = !unread && in_flight_.taken() == in_flight_.awaited();
  in_flight_.for_each_awaited([&](InFlight::Entry& entry) {
    if (stuck && &entry == oldest && oldest_is_slow) return;
    entry.hedged = entry.hedged || silent;
    overdue.push_back({entry.query,
                       silent ? Returned::Why::silent : Returned::Why::stuck,
                       shared_from_this(),
                       nullptr,
                       {},
                       silent ? is_slow(entry) : unread && &entry == oldest});
  });
  return overdue;
}
