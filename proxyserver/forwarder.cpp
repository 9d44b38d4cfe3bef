#include "proxyserver/forwarder.h"

#include <algorithm>
#include <fmt/format.h>

#include "common/dns/codes.h"
#include "common/log.h"
#include "common/net/net_error.h"
#include "common/tls/tls_error.h"
#include "proxyserver/matching.h"

namespace {

using net::NetError;

constexpr std::chrono::milliseconds kRetryInterval{100};
constexpr std::chrono::milliseconds kStalled{
    500};                                     // silence, before a close, that says what came was not read
constexpr std::chrono::seconds kOneByOne{1};  // then it gets another chance
// While all of the pool is leased a session waits for it so long at a time, then looks after its other
// duties.
constexpr std::chrono::milliseconds kPoolWait{20};
constexpr std::chrono::milliseconds kKeepaliveUnit{100};  // RFC 7828 §3.1
constexpr std::size_t kQueryBlock = 128;                  // RFC 8467 §4.1

// Could not be reached, or was reached and then failed (RFC 8914 §4.23, §4.24).
ExtendedError explain(const Upstream& upstream, const std::exception& cause) {
  const auto* error = dynamic_cast<const NetError*>(&cause);
  const bool unreached = error != nullptr && (error->kind() == NetError::Kind::refused ||
                                              error->kind() == NetError::Kind::unreachable);
  return {unreached ? dns::ede::NO_REACHABLE_AUTHORITY : dns::ede::NETWORK_ERROR,
          fmt::format("{}: {}", upstream.name(), cause.what())};
}

// The client is told, by an Extended DNS Error; this tells the operator.
void log_unusable(const std::string& upstream, const std::string& what) {
  static logging::Throttle throttle;
  if (throttle.allow())
    logging::write(
        logging::Level::warning, "upstream-unusable-answer",
        fmt::format("{} {}", logging::field("upstream", upstream), logging::field("reason", what)));
}

// What a resolver that is being restarted looks like. A wrong certificate, or no TLS at all, will not heal so
// soon.
bool may_be_restarting(const std::exception& cause) {
  if (const auto* tls = dynamic_cast<const tls::TlsError*>(&cause))
    return tls->kind() == tls::TlsError::Kind::closed;
  const auto* error = dynamic_cast<const NetError*>(&cause);
  return error != nullptr && error->kind() != NetError::Kind::malformed;
}

void set_id(std::span<std::uint8_t> message, std::uint16_t id) {
  message[0] = static_cast<std::uint8_t>(id >> 8);
  message[1] = static_cast<std::uint8_t>(id);
}

}  // namespace

void Forwarder::submit(const dns::MessageView& view, Clock::time_point now, std::uint32_t origin) {
  Query& query = queries_.add(view, upstream_options(view));
  query.origin = origin;
  query.deadline = now + limits_.query;
  first_deadline_ = std::min(first_deadline_, query.deadline);
  waiting_.push_back(query.id);
}

// The hop to the resolver: we ask how long it keeps idle connections (RFC 7828 §3.2.1), and pad what is
// encrypted, nothing else (RFC 7830 §6). A query without OPT stays without, unless padding was asked for in
// so many words.
dns::OptSplice Forwarder::upstream_options(const dns::MessageView& query) const {
  const bool encrypted = upstreams_.encrypted();
  dns::OptSplice splice;
  splice.add_opt = encrypted && limits_.pad_always;
  if (!query.opt && !splice.add_opt) return splice;
  splice.keepalive = dns::kAskKeepalive;
  splice.pad_to = encrypted ? kQueryBlock : 0;
  return splice;
}

void Forwarder::flush(Clock::time_point now) {
  if (now < one_by_one_until_)  // and one connection each
    for (Leg& leg : legs_)
      if (leg.answered && leg.owed == 0) leg = Leg{};
  while (may_send(now)) {  // ends: each round sends, or counts a lost connection
    send_waiting(now);
    for (Leg& leg : legs_) {
      if (!leg.lease || leg.lease->writer.empty() || leg.wants_write) continue;
      try {
        write(leg, now);
      } catch (const std::exception& cause) {
        leg_died(leg, cause, now);
      }
    }
  }
  settle();
}

bool Forwarder::may_send(Clock::time_point now) {
  if (waiting_.empty() || retry_at_) return false;
  const Leg* leg = current_leg();
  return leg == nullptr || leg->owed == 0 || !sends_one(*leg, now);
}

// A query at a time; where records are to be single ones, the first that goes along with the handshake.
bool Forwarder::sends_one(const Leg& leg, Clock::time_point now) const {
  return now < one_by_one_until_ || (leg.single_records && !leg.carried);
}

void Forwarder::pause(bool pause, Clock::time_point now) {
  if (paused_ && !pause)
    for (Leg& leg : legs_) leg.last_heard = now;  // it was we who did not listen
  paused_ = pause;
}

Leg* Forwarder::current_leg() {
  for (Leg* leg : {&legs_[current_], &legs_[1 - current_]})
    if (leg->lease && !leg->measuring) return leg;
  return nullptr;
}

bool Forwarder::open(Leg& leg, Upstream& upstream, net::Deadline wait, Clock::time_point now) {
  try {
    leg = Leg{};
    leg.lease = upstream.lease(wait, distrust_pool_ || now < one_by_one_until_);
    if (!leg.lease) {
      last_error_ = {dns::ede::OTHER,
                     fmt::format("{}: all connections are in use (--pool-size)", upstream.name())};
      retry_at_ = now;  // with the next turn of the session's loop
      return false;
    }
    leg.last_heard = now;
    leg.single_records = upstream.wants_single_records();
    current_ = static_cast<std::size_t>(&leg - legs_.data());
    return true;
  } catch (const std::exception& cause) {
    connection_lost(upstream, false, cause, now);
    return false;
  }
}

void Forwarder::send_waiting(Clock::time_point now) {
  Leg* leg = current_leg();
  if (leg == nullptr) {
    const bool measuring_already = legs_[0].lease || legs_[1].lease;
    Upstream* const measured = measuring_already ? nullptr : upstreams_.due_for_measuring(now);
    leg = &legs_[legs_[0].lease ? 1 : 0];
    const auto until = std::min(first_deadline_, now + kPoolWait);
    Upstream& upstream = measured != nullptr ? *measured : upstreams_.choose(nullptr, now);
    if (!open(*leg, upstream, net::Deadline::at(until), now)) return;
    leg->measuring = measured != nullptr;
  }
  const std::size_t count = leg->measuring || sends_one(*leg, now) ? 1 : waiting_.size();
  for (std::size_t i = 0; i < count; ++i) send(*queries_.find(waiting_[i]), *leg, now);
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
}

void Forwarder::send(Query& query, Leg& leg, Clock::time_point now) {
  if (leg.owed++ == 0) leg.last_heard = now;
  leg.lease->writer.add(query.message);
  query.legs |= bit(leg);
  query.sent = now;
  if (trace_ != nullptr) trace_queued(query, leg, now);
  ++query.sends;
}

void Forwarder::write(Leg& leg, Clock::time_point now) {
  if (leg.write(now) && leg.traced) trace_written(leg);
}

void Forwarder::read(Leg& leg, Clock::time_point now) {
  while (leg.fill()) {
    while (const auto answer = leg.lease->reader.next()) {
      leg.last_heard = now;  // by whole messages: octets alone are easily dripped
      take_answer(leg, *answer, now);
    }
    if (!leg.lease->stream->has_buffered()) return;
  }
}

// Whatever is no answer to a query in flight on this leg is dropped: late, double, never asked for (RFC 7766
// §7).
void Forwarder::take_answer(Leg& leg, std::span<std::uint8_t> answer, Clock::time_point now) {
  dns::WireReader reader(answer);
  const dns::Header header = dns::decode_header(reader);
  if (!reader.ok()) throw NetError(NetError::Kind::malformed, "a message shorter than a header");
  Query* query = queries_.find(header.id);
  if (query == nullptr || (query->legs & bit(leg)) == 0) return;

  const auto view = dns::inspect(answer);
  const bool whole = view && dns::may_splice(*view);
  Bytes made;
  const auto for_client =
      whole ? answer_for_client(*view, query->view, query->asked.has_opt, made) : std::nullopt;
  if (whole && !for_client) return;
  if (leg.traced) trace_received(*query, leg, answer.size(), now);

  // What was sent twice says nothing about the resolver's speed, nor does the wait for a connection.
  std::optional<Clock::duration> time;
  if (leg.carried && query->sends == 1) time = now - std::max(query->sent, *leg.carried);
  leg.lease->proven = leg.answered = true;
  leg.lease.upstream().succeeded(time, leg.measuring);
  blame_slower(*query, leg, now);
  lost_in_a_row_ = 0;
  distrust_pool_ = false;
  if (for_client) {
    if (const auto limit = dns::hop_options(*view).keepalive) leg.lease->idle_limit = *limit * kKeepaliveUnit;
    set_id(made.empty() ? answer : std::span(made), query->client_id);
    client_.deliver(*query, *for_client);
    end(*query, &leg);
  } else {
    const std::string what = view ? "records behind its OPT that do not parse" : to_string(view.error());
    const std::string& upstream = leg.lease.upstream().name();
    log_unusable(upstream, what);
    fail(*query, {dns::ede::OTHER, fmt::format("{}: unusable answer: {}", upstream, what)}, &leg);
  }
}

void Forwarder::leg_died(Leg& leg, const std::exception& cause, Clock::time_point now) {
  Upstream& upstream = leg.lease.upstream();
  const bool proven = leg.lease->proven;
  const bool carried = leg.carried.has_value();
  const bool answered = leg.answered;
  const std::size_t owed = leg.owed;
  const std::uint8_t mask = bit(leg);
  if (leg.traced) trace_lost(leg, cause);
  if (answered && owed > 0 && now - leg.last_heard > kStalled) upstream.left_messages_unread();
  leg = Leg{};
  distrust_pool_ = true;
  // Some resolvers answer once and close: twice in a row, and it is one of them, not one that was restarted.
  // To ask it many things at once would be to ask each of them many times.
  if (answered && owed > 0) {
    if (now - last_cut_ < kOneByOne) one_by_one_until_ = now + kOneByOne;
    last_cut_ = now;
  }
  queries_.for_each([&](Query& query) {
    if ((query.legs & mask) == 0) return;
    query.legs = static_cast<std::uint8_t>(query.legs & ~mask);
    if (query.legs == 0) waiting_.push_back(query.id);
    if (!carried) --query.sends;  // it never left
  });
  connection_lost(upstream, proven, cause, now);
}

// Decides what becomes of the queries that wait: another connection at once, another after a moment, or
// SERVFAIL. A connection that had worked before may merely have been closed for idleness: it says nothing
// about the resolver.
void Forwarder::connection_lost(Upstream& upstream, bool proven, const std::exception& cause,
                                Clock::time_point now) {
  last_error_ = explain(upstream, cause);
  if (!proven) {
    upstream.failed(cause.what(), now);
    ++lost_in_a_row_;
  }
  const bool tried_all = lost_in_a_row_ >= upstreams_.size() && current_leg() == nullptr;
  const bool give_up = tried_all && !(may_be_restarting(cause) && upstreams_.failing_only_just(now));
  if (tried_all && !give_up) retry_at_ = now + kRetryInterval;
  for (const std::uint16_t id : std::vector(waiting_))  // a copy: fail() takes out what it ends
    if (Query& query = *queries_.find(id); give_up || query.sends >= kMaxSends) fail(query, last_error_);
  if (waiting_.empty()) {
    lost_in_a_row_ = 0;
    retry_at_.reset();
  }
}

void Forwarder::fail(Query& query, const ExtendedError& error, const Leg* answered_by) {
  if (logging::enabled(logging::Level::debug))
    logging::write(logging::Level::debug, "query-failed",
                   fmt::format("{} {}", logging::field("client", client_.client_of(query)),
                               logging::field("reason", error.text)));
  Bytes reply = error_reply(query.message, dns::rcode::SERVFAIL, error);
  set_id(reply, query.client_id);
  client_.deliver(query, dns::inspect(reply).value());
  end(query, answered_by);
}

void Forwarder::end(Query& query, const Leg* answered_by) {
  if (query.legs == 0) std::erase(waiting_, query.id);
  for (Leg& leg : legs_) {
    if ((query.legs & bit(leg)) == 0) continue;
    --leg.owed;
    leg.owes_late_one = leg.owes_late_one || &leg != answered_by;
  }
  queries_.remove(query);
}

// Gives back what is no longer needed. A leg that may still bring an answer nobody waits for is closed
// instead: the next session must not find it there (DESIGN, law 2).
void Forwarder::settle() {
  const bool both_open = legs_[0].lease && legs_[1].lease;
  for (Leg& leg : legs_) {
    if (!leg.lease || leg.owed > 0) continue;
    if (!queries_.empty() && !leg.measuring && !(both_open && leg.owes_late_one)) continue;
    if (leg.fit_for_pool()) leg.lease.give_back();
    leg = Leg{};
  }
  if (queries_.empty()) first_deadline_ = Clock::time_point::max();
}

std::size_t Forwarder::poll_entries(std::span<pollfd, kMaxLegs> entries) const {
  std::size_t count = 0;
  for (const Leg& leg : legs_)
    if (leg.lease) entries[count++] = leg.poll_entry(!paused_);
  return count;
}

void Forwarder::on_events(std::span<const pollfd> entries, Clock::time_point now) {
  for (const pollfd& entry : entries) {
    if (entry.revents == 0) continue;
    const auto leg = std::ranges::find_if(
        legs_, [&](const Leg& l) { return l.lease && l.lease->stream->fd() == entry.fd; });
    if (leg == legs_.end()) continue;
    try {
      if (!leg->lease->writer.empty()) write(*leg, now);
      read(*leg, now);
      if (!leg->lease->writer.empty()) write(*leg, now);  // reading may have ended the handshake
    } catch (const std::exception& cause) {
      leg_died(*leg, cause, now);
    }
  }
}
