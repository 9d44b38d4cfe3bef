// What becomes of a query whose connection has died, or whose time is over: another send, or a SERVFAIL that
// says why.
#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "common/dns/codes.h"
#include "common/log.h"
#include "proxyserver/asking/forwarder.h"

namespace {

constexpr std::chrono::milliseconds kRetryInterval{100};
constexpr unsigned kDeathsToBeAlone = 2;
constexpr std::size_t kSpareQueries = 16;  // that have ended, before they are cleared away

// Could not be reached, or was reached and then failed (RFC 8914 §4.23, §4.24).
ExtendedError explain(const Death& death) {
  return {death.unreached ? dns::ede::NO_REACHABLE_AUTHORITY : dns::ede::NETWORK_ERROR,
          fmt::format("{}: {}", death.upstream.name(), death.reason)};
}

// Of one that was lost, or has never left.
Metrics::Failure cause_of(const ExtendedError& error) {
  if (error.code == dns::ede::NO_REACHABLE_AUTHORITY) return Metrics::Failure::unreachable;
  return error.code == dns::ede::NETWORK_ERROR ? Metrics::Failure::connection
                                               : Metrics::Failure::no_connection;
}

}  // namespace

// Another connection at once, another after a moment, or SERVFAIL.
void Forwarder::lost(const QueryPtr& query, const Death& death, Clock::time_point now) {
  if (!query->waiting) return;
  Upstreams& group = *query->group;
  trouble(group).last_error = explain(death);
  query->asked_last = nullptr;
  query->lost_by = &death.upstream;
  if (!death.carried) {
    --query->sends;  // it never left
    ++query->attempts;
  } else if (!death.was_resting) {
    ++query->deaths;
  }
  if (--query->copies > 0) return;  // it may be answered elsewhere
  if (query->refused_by != nullptr) return ask_another(query, now);

  if (query->alone && query->deaths > kDeathsToBeAlone && asker_.is_one_client() &&
      !std::exchange(quarantined_, true) && metrics_ != nullptr)
    metrics_->quarantined();
  const bool tried_all = query->attempts >= group.size();
  const bool give_up = tried_all && !(death.may_heal && group.failing_only_just(now));
  if (give_up || query->sends >= kMaxSends) {
    const ExtendedError error = explain(death);
    return fail(query, error, cause_of(error), now);
  }
  if (tried_all) {
    trouble(group).retry_at = now + kRetryInterval;
    query->attempts = 0;
  }
  query->alone = query->deaths >= kDeathsToBeAlone;
  count(death.carried ? Metrics::Again::connection_lost : Metrics::Again::connection_failed);
  outbox_.push_back(query);
}

void Forwarder::expire(Clock::time_point now) {
  auto first = unanswered_.begin();
  for (; first != unanswered_.end(); ++first) {
    const QueryPtr& query = *first;
    if (!query->waiting) continue;
    if (query->deadline > now) break;
    const Trouble* const known = find_trouble(*query->group);
    ExtendedError error = known != nullptr ? known->last_error : ExtendedError{};
    auto cause = cause_of(error);
    if (query->asked_last != nullptr) {
      const std::string what = fmt::format("no answer within {} ms", limits_->query.count());
      error = {dns::ede::NETWORK_ERROR, fmt::format("{}: {}", query->asked_last->name(), what)};
      query->asked_last->was_silent(query->came, what, now);
      cause = Metrics::Failure::timeout;
    } else if (query->waits_with_another) {
      error = {
          dns::ede::NETWORK_ERROR,
          fmt::format("no answer within {} ms: the same was being asked already", limits_->query.count())};
      cause = Metrics::Failure::timeout;
    }
    fail(query, error, cause, now);
  }
  unanswered_.erase(unanswered_.begin(), first);
  // Those behind a slow one may long have been answered.
  if (unanswered_.size() <= 2 * live_ + kSpareQueries) return;
  std::erase_if(unanswered_, [](const QueryPtr& query) { return !query->waiting; });
  live_ = unanswered_.size();
}

void Forwarder::fail(const QueryPtr& query, const ExtendedError& error, Metrics::Failure cause,
                     Clock::time_point now) {
  if (query->may_be_stale && end_with_stale(query, now)) return;
  if (query->refused_by != nullptr) return end_with(query, query->refusal, query->refused_by, now);
  if (metrics_ != nullptr) metrics_->failed(cause);
  if (logging::enabled(logging::Level::debug))
    logging::write(logging::Level::debug, "query-failed",
                   fmt::format("{} {}", logging::field("client", query->asker->client_of(*query)),
                               logging::field("reason", error.text)));
  end_with(query, error_reply(query->message, dns::rcode::SERVFAIL, error), nullptr, now);
}

void Forwarder::end_with(const QueryPtr& query, ByteView octets, const Upstream* by, Clock::time_point now) {
  answers_.push_back({query, dns::inspect(octets).value(), by});
  share_last(now);
  hand_out(now);
}
