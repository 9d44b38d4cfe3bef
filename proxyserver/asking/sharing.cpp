// One answer for many: what the cache has, questions that several clients ask at once, and answers that are
// asked for again before, or after, their end (caching/cache.h).
//
//   submit() ──► must_ask() ─┬─► outbox; its answer, or our SERVFAIL ──► share_last() ──► all who wait
//                            └─► waits with another, until its own deadline; if that one's client
//                                leaves: stand_in()
#include "common/dns/codes.h"
#include "proxyserver/asking/forwarder.h"

namespace {

constexpr std::size_t kCopiesAtOnce = 32;  // of an answer of up to 64 kB: thousands may wait for it

}  // namespace

// False: it waits for another's answer, or has got one.
bool Forwarder::must_ask(const QueryPtr& query, Clock::time_point now) {
  for (bool started = false;; started = true) {
    Bytes buffer;
    std::optional<Cache::Hit> hit;
    const auto joined = cache_->join(query, now, buffer, hit, started);
    if (joined == Cache::Joined::refresh) {
      refresh(dns::inspect(query->message).value(), *query->key, false);
      continue;
    }
    if (joined == Cache::Joined::found) {
      answers_.push_back({query, hit->message, nullptr, hit->use});
      hand_out(now);
      return false;
    }
    if (query->may_be_stale) impatient_.push_back(query);
    query->waits_with_another = joined == Cache::Joined::wait;
    return !query->waits_with_another;
  }
}

void Forwarder::refresh(const dns::MessageView& query, const CacheKey& key, bool in_advance) {
  auto again = std::make_shared<Query>(cache_->refresher(), query, upstream_options(query));
  again->asked.has_opt = key.has_opt();  // --pad always may have put one in
  again->key = std::make_unique<CacheKey>(key);
  cache_->start(again, in_advance);
}

// The last of answers_, before it is handed out: so that who asks again finds it.
void Forwarder::share_last(Clock::time_point now) {
  if (cache_ == nullptr || answers_.back().query->key == nullptr) return;
  const Answer answer = answers_.back();
  const bool failed = answer.message.rcode() == dns::rcode::SERVFAIL;
  for (QueryPtr& waiting : cache_->finish(answer.query, answer.message, now)) {
    if (shared_.size() >= kCopiesAtOnce) hand_out(now);  // what views `answer` is not among those
    if (failed && waiting->may_be_stale)
      if (const auto stale = cache_->stale(*waiting, now, shared_.emplace_back())) {
        answers_.push_back({std::move(waiting), stale->message, nullptr, CacheUse::stale});
        continue;
      }
    Bytes& copy = shared_.emplace_back(answer.message.bytes.begin(), answer.message.bytes.end());
    readdress(copy, waiting->view);
    answers_.push_back({std::move(waiting), dns::inspect(copy).value(), answer.by});
  }
}

// Its turn to ask: it is the cache's own, or the asker of the one that it waited with has gone.
void Forwarder::stand_in(const QueryPtr& query, Clock::time_point now) {
  if (!query->waiting) return leave_shared(query);
  query->waits_with_another = false;
  if (query->came == Clock::time_point{}) {
    query->came = now;
    query->deadline = now + limits_->query;
    query->group = &upstreams_.group_of(query->view.qname());
    unanswered_.push_back(query);
  }
  outbox_.push_back(query);
}

// It waits no longer, and will not bring an answer for others.
void Forwarder::leave_shared(const QueryPtr& query) {
  if (cache_ != nullptr && query->key != nullptr) cache_->pass_on(query);
}

bool Forwarder::end_with_stale(const QueryPtr& query, Clock::time_point now) {
  Bytes buffer;
  const auto stale = cache_->stale(*query, now, buffer);
  if (!stale) return false;
  answers_.push_back({query, stale->message, nullptr, CacheUse::stale});
  hand_out(now);
  leave_shared(query);
  return true;
}

// RFC 8767 §5: a client is not to wait until the last resolver has failed.
void Forwarder::lose_patience(Clock::time_point now) {
  auto first = impatient_.begin();
  for (; first != impatient_.end() && (*first)->came + Cache::kPatience <= now; ++first)
    if ((*first)->waiting) end_with_stale(*first, now);
  impatient_.erase(impatient_.begin(), first);
}
