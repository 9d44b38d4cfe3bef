#include "proxyserver/asking/forwarder.h"

#include <algorithm>
#include <cassert>
#include <fmt/format.h>
#include <utility>

#include "common/dns/codes.h"
#include "common/log.h"

namespace {

constexpr std::chrono::milliseconds kRoomInterval{20};  // while a resolver has all the connections it may
constexpr std::size_t kQueryBlock = 128;                // RFC 8467 §4.1

// The client is told, by an Extended DNS Error; this tells the operator.
void log_unusable(const std::string& upstream, const std::string& what) {
  logging::write_summed(logging::Level::warning, "upstream-unusable-answer",
                        logging::field("upstream", upstream), logging::field("reason", what));
}

}  // namespace

// We ask how long the resolver keeps idle connections (RFC 7828 §3.2.1), and pad what is encrypted, nothing
// else (RFC 7830 §6). A query without OPT stays without, unless padding was asked for in so many words.
dns::OptSplice Forwarder::upstream_options(const dns::MessageView& query) const {
  const bool encrypted = upstreams_.group_of(query.qname()).encrypted();
  dns::OptSplice splice;
  splice.add_opt = encrypted && limits_->pad_always;
  if (!query.opt && !splice.add_opt) return splice;
  splice.keepalive = dns::kAskKeepalive;
  splice.pad_to = encrypted ? kQueryBlock : 0;
  return splice;
}

void Forwarder::submit(QueryPtr query, Clock::time_point now) {
  query->came = now;
  query->deadline = now + limits_->query;
  query->group = &upstreams_.group_of(query->view.qname());
  unanswered_.push_back(query);
  if (cache_ == nullptr || query->key == nullptr || must_ask(query, now)) outbox_.push_back(std::move(query));
}

void Forwarder::flush(Clock::time_point now) {
  while (take_outbox()) send_outbox(now);  // ends: each failure is counted in its queries
}

Forwarder::Trouble& Forwarder::trouble(const Upstreams& with) {
  const auto found = std::ranges::find(troubles_, &with, &Trouble::with);
  return found != troubles_.end() ? *found : troubles_.emplace_back(Trouble{&with, {}, {}});
}

const Forwarder::Trouble* Forwarder::find_trouble(const Upstreams& with) const {
  const auto found = std::ranges::find(troubles_, &with, &Trouble::with);
  return found != troubles_.end() ? &*found : nullptr;
}

bool Forwarder::is_waiting(const Upstreams& group) const {
  const Trouble* const found = find_trouble(group);
  return found != nullptr && found->retry_at.has_value();
}

bool Forwarder::take_outbox() {
  if (outbox_.empty()) return false;
  std::swap(sending_, outbox_);
  std::erase_if(sending_, [](const QueryPtr& query) { return !query->waiting; });
  if (!troubles_.empty())
    std::erase_if(sending_, [this](const QueryPtr& query) {
      if (!is_waiting(*query->group)) return false;
      outbox_.push_back(query);
      return true;
    });
  return !sending_.empty();
}

void Forwarder::send_outbox(Clock::time_point now) {
  for (auto first = sending_.begin(); first != sending_.end();) {
    Upstreams& group = *(*first)->group;
    const auto last = std::partition(first, sending_.end(),
                                     [&group](const QueryPtr& query) { return query->group == &group; });
    send_group({first, last}, group, now);
    first = last;
  }
  sending_.clear();
}

void Forwarder::send_group(std::span<QueryPtr> queries, Upstreams& group, Clock::time_point now) {
  if (group.empty()) return refuse(queries, now);
  Upstream& upstream = group.choose(nullptr, now);
  const bool one_each = upstream.answers_once(now);
  const auto together = std::partition(
      queries.begin(), queries.end(), [one_each](const QueryPtr& query) { return one_each || query->alone; });
  for (auto query = queries.begin(); query != together; ++query)
    send({&*query, 1}, upstream, {&asker_, true}, now);
  const std::span<const QueryPtr> batch(together, queries.end());
  if (batch.empty()) return;
  for (auto rest = batch; !rest.empty();) {
    const auto some = rest.first(std::min(rest.size(), UpstreamConnection::kMostAtOnce));
    send(some, upstream, shared_terms(), now);
    rest = rest.subspan(some.size());
  }
  Upstream* other = nullptr;
  if (!quarantined_ && batch.front()->sends < kMaxSends) other = group.due_for_trial(now);
  if (other != nullptr && send_besides(batch.first(1), *other, shared_terms(), nullptr, now))
    count(Metrics::Again::trial);
}

// There are upstreams for suffixes only, and these names are below none of them.
void Forwarder::refuse(std::span<const QueryPtr> queries, Clock::time_point now) {
  const ExtendedError why{dns::ede::NOT_AUTHORITATIVE,
                          "the name is below no --for, and no --upstream is for all"};
  for (const QueryPtr& query : queries)
    end_with(query, error_reply(query->message, dns::rcode::REFUSED, why), nullptr, now);
}

// Over the first connection that takes them all, or a new one. If there is none they wait, or end.
void Forwarder::send(std::span<const QueryPtr> queries, Upstream& upstream, UpstreamConnection::Terms terms,
                     Clock::time_point now) {
  for (const QueryPtr& query : queries) {
    ++query->sends;
    ++query->copies;
  }
  try {
    if (place(queries, upstream, terms, nullptr, now)) {
      for (const QueryPtr& query : queries) {
        query->asked_last = &upstream;
        const Upstream* const before = std::exchange(query->lost_by, nullptr);
        if (metrics_ != nullptr && before != nullptr && before != &upstream) metrics_->failed_over();
      }
      return;
    }
    Trouble& full = trouble(upstream.group());
    full.last_error = {dns::ede::OTHER,
                       fmt::format("{}: all connections are in use (--pool-size)", upstream.name())};
    full.retry_at = now + kRoomInterval;
    for (const QueryPtr& query : queries) {
      --query->sends;
      --query->copies;
      outbox_.push_back(query);
    }
  } catch (const std::exception& cause) {  // no connection can be begun
    upstream.failed(cause.what(), now);
    const Death death = Death::of(upstream, cause);
    for (const QueryPtr& query : queries) lost(query, death, now);
  }
}

// One more copy: whichever is answered first counts. False: it cannot be had, and the others have to do.
bool Forwarder::send_besides(std::span<const QueryPtr> queries, Upstream& upstream,
                             UpstreamConnection::Terms terms, const UpstreamConnection* avoid,
                             Clock::time_point now) {
  for (const QueryPtr& query : queries) ++query->copies, ++query->sends;
  bool placed = false;
  try {
    placed = place(queries, upstream, terms, avoid, now);
  } catch (const std::exception& cause) {
    upstream.failed(cause.what(), now);
  }
  for (const QueryPtr& query : queries) {
    if (placed)
      query->asked_last = &upstream;
    else
      --query->copies, --query->sends;
  }
  return placed;
}

bool Forwarder::place(std::span<const QueryPtr> queries, Upstream& upstream, UpstreamConnection::Terms terms,
                      const UpstreamConnection* avoid, Clock::time_point now) {
  using enum UpstreamConnection::Submitted;
  assert(std::ranges::all_of(queries, [&](const QueryPtr& one) { return one->group == &upstream.group(); }));
  for (std::size_t i = 0; const ConnectionPtr connection = upstream.connection(i, terms, now); ++i) {
    if (connection.get() == avoid) continue;
    const auto submitted = connection->submit(queries, asker_, terms, now);
    if (submitted == no) continue;
    if (submitted == attend) attended_.push_back(connection);
    return true;
  }
  return false;
}

Forwarder::Clock::time_point Forwarder::poll_entries(std::vector<pollfd>& entries, Clock::time_point now) {
  auto until = Clock::time_point::max();
  for (const Trouble& one : troubles_) until = std::min(until, one.retry_at.value_or(until));
  std::erase_if(attended_, [&](const ConnectionPtr& connection) {
    const auto plan = connection->plan(now, limits_->hedge_after);
    if (plan) {
      entries.push_back(plan->entry);
      until = std::min(until, plan->until);
      return false;
    }
    if (connection->is_used_up()) connection->upstream().drop(connection);
    return true;
  });
  if (!unanswered_.empty()) until = std::min(until, unanswered_.front()->deadline);
  if (!impatient_.empty()) until = std::min(until, impatient_.front()->came + Cache::kPatience);
  return std::min(until, next_race(now));
}

// The entries are those of attended_, in its order: nothing changes that between the two calls.
void Forwarder::on_events(std::span<const pollfd> entries, Clock::time_point now) {
  polled_ = attended_;  // a copy: connections may end
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (std::ranges::find(attended_, polled_[i]) != attended_.end())
      attend(polled_[i], entries[i].revents, now);
  polled_.clear();
}

void Forwarder::attend(const ConnectionPtr& connection, short events, Clock::time_point now) {
  bool has_become_ready = false;
  try {
    has_become_ready = connection->turn(events, now, replies_, &asker_);
  } catch (const std::exception& cause) {
    deliver(connection, now);
    connection->upstream().bury(connection, cause, now);  // its queries come back by mail
    std::erase(attended_, connection);
    return;
  }
  deliver(connection, now);
  if (has_become_ready) settle_race(connection, now);
}

void Forwarder::deliver(const ConnectionPtr& from, Clock::time_point now) {
  const Upstream& upstream = from->upstream();
  for (Reply& reply : replies_) {
    if (reply.answer && !is_last_word(reply, upstream)) {
      const ByteView octets = reply.answer->bytes;
      reply.query->asker->give_back(
          {reply.query, Returned::Why::refused, from, nullptr, {octets.begin(), octets.end()}});
      continue;
    }
    if (reply.answer) {
      answers_.push_back({std::move(reply.query), *reply.answer, &upstream});
      share_last(now);
      continue;
    }
    log_unusable(upstream.name(), reply.unusable);
    fail(reply.query,
         {dns::ede::OTHER, fmt::format("{}: unusable answer: {}", upstream.name(), reply.unusable)},
         Metrics::Failure::unusable_answer, now);
  }
  hand_out(now);
  replies_.clear();
}

// Each asker gets its answers of this turn at once, and sends them to its client in one go.
void Forwarder::hand_out(Clock::time_point now) {
  for (auto first = answers_.begin(); first != answers_.end();) {
    Asker& asker = *first->query->asker;
    const auto last = std::partition(
        first, answers_.end(), [&](const Answer& answer) { return answer.query->asker.get() == &asker; });
    asker.deliver({first, last}, now);
    first = last;
  }
  answers_.clear();
  shared_.clear();
}

void Forwarder::read_mail(Clock::time_point now) {
  if (!asker_.has_mail()) return;
  const Asker::Mail mail = asker_.take_mail();
  for (const ConnectionPtr& connection : mail.connections)
    if (connection->attend(asker_.waker())) attended_.push_back(connection);
  for (auto first = mail.queries.begin(); first != mail.queries.end();) {
    const auto last = std::find_if(first, mail.queries.end(), [first](const Returned& one) {
      return one.why != first->why || one.from != first->from || one.apart != first->apart;
    });
    came_back({first, last}, now);
    first = last;
  }
}

// All of these for one reason, from one connection.
void Forwarder::came_back(std::span<const Returned> returned, Clock::time_point now) {
  const Returned& first = returned.front();
  if (first.why == Returned::Why::lost) {
    for (const Returned& one : returned) lost(one.query, *one.death, now);
    return;
  }
  if (first.why == Returned::Why::first) {
    for (const Returned& one : returned) stand_in(one.query, now);
    return;
  }
  if (first.why == Returned::Why::answered) {
    for (const Returned& one : returned)
      if (one.query->waiting) end_with(one.query, one.answer, &one.from->upstream(), now);
    return;
  }
  if (first.why == Returned::Why::refused) {
    for (const Returned& one : returned) refused(one, now);
    return;
  }
  std::vector<QueryPtr> queries;
  const bool stuck = first.why == Returned::Why::stuck;
  for (const Returned& one : returned)  // one that was refused has been sent to another already
    if (one.query->waiting && one.query->sends < kMaxSends && (stuck || one.query->refused_by == nullptr))
      queries.push_back(one.query);
  if (queries.empty()) return;
  Upstream& from = first.from->upstream();
  Upstream& to = stuck ? from : from.group().choose(&from, now, queries.front()->asked_last);
  if (!stuck)
    for (const QueryPtr& query : queries) query->hedged_from = &from;
  std::span<const QueryPtr> left = queries;
  if (first.apart)
    while (!left.empty() && to.is_half_free() &&
           send_besides(left.first(1), to, {&asker_, true}, nullptr, now))
      left = left.subspan(1);
  if (!left.empty() && send_besides(left, to, shared_terms(), first.from.get(), now)) left = {};
  count(stuck ? Metrics::Again::stuck : Metrics::Again::silent, queries.size() - left.size());
}

void Forwarder::on_time(Clock::time_point now) {
  read_mail(now);
  lose_patience(now);
  expire(now);
  for (Trouble& one : troubles_)
    if (one.retry_at && *one.retry_at <= now) one.retry_at.reset();
  for (const ConnectionPtr& connection : attended_)
    for (Returned& one : connection->overdue(now, limits_->hedge_after))
      one.query->asker->give_back(std::move(one));  // our own too: they come by mail, like all others
  read_mail(now);
  race(now);
}

void Forwarder::leave(const Asker::Mail& mail) {
  for (const QueryPtr& query : unanswered_) {
    query->end();
    leave_shared(query);
  }
  for (const Returned& one : mail.queries)
    if (one.why == Returned::Why::first) leave_shared(one.query);
  for (const ConnectionPtr& connection : mail.connections)
    if (connection->attend(asker_.waker())) attended_.push_back(connection);
  for (const ConnectionPtr& connection : attended_) {
    const bool serves_others = connection->serves_others();
    if (!pass_on(connection) && !serves_others && connection->retire())
      connection->upstream().drop(connection);
  }
  attended_.clear();
  if (quarantined_) upstreams_.drop_owned(asker_);
  release();  // a query holds its asker: none may stay here
}

void Forwarder::release() {
  outbox_ = {};
  sending_ = {};
  polled_ = {};
  unanswered_ = {};
  live_ = 0;
  impatient_ = {};
  replies_ = {};
  answers_ = {};
  shared_ = {};
  troubles_ = {};
}
