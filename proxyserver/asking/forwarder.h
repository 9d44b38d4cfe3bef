// Gets the queries of one asker answered: chooses the resolver and the connection, sends again what a dead
// connection took with it, and ends every query by its deadline (DESIGN, law 5).
//
// Its thread also attends to connections: it polls their sockets together with its client's, and what comes
// over them it brings to whoever asked (upstreams/connection.h). It does not wait for anything by itself.
//
//   submit() ──► outbox ──► on a connection ─┬─► answered ──► Asker::deliver()
//                  ▲                         ├─► it dies: back by mail, and out again
//                  └─────────────────────────┤
//                                            ├─► stuck, silent, refused: told by mail; a copy goes over
//                                            │   another connection
//                                            └─► deadline passed, or tried enough: the refusal, or SERVFAIL
#pragma once

#include <deque>
#include <optional>
#include <poll.h>
#include <span>
#include <vector>

#include "proxyserver/asking/reply.h"
#include "proxyserver/caching/cache.h"
#include "proxyserver/limits.h"
#include "proxyserver/upstreams/upstreams.h"
#include "proxyserver/watching/metrics.h"

// The asker's thread alone.
class Forwarder {
 public:
  using Clock = std::chrono::steady_clock;

  // `upstreams`: the general group. `metrics` and `cache` may be null.
  Forwarder(Upstreams& upstreams, const Limits& limits, Asker& asker, Metrics* metrics = nullptr,
            Cache* cache = nullptr)
      : upstreams_(upstreams), limits_(&limits), asker_(asker), metrics_(metrics), cache_(cache) {}

  // From now on these, which must outlive it. (A query that came before keeps its deadline, and one behind it
  // that has a shorter one ends with it.)
  void use(const Limits& limits) { limits_ = &limits; }

  // The hop to the resolver of that name, for the constructor of a Query.
  dns::OptSplice upstream_options(const dns::MessageView& query) const;

  // It leaves with the next flush(); or it waits for the answer to one that asks the same, if it has a key.
  void submit(QueryPtr query, Clock::time_point now);
  // An answer in the cache is soon over: asks for it again, for no client.
  void refresh(const dns::MessageView& query, const CacheKey& key, bool in_advance = true);
  void flush(Clock::time_point now);

  // What has come by mail, and what time has brought about. Call before each wait.
  void on_time(Clock::time_point now);
  // What to wait for: appended to `entries`; and until when.
  Clock::time_point poll_entries(std::vector<pollfd>& entries, Clock::time_point now);
  void on_events(std::span<const pollfd> entries, Clock::time_point now);  // those entries, polled

  // The asker has ended, with this mail: its queries need no answer any more, its connections another
  // attendant.
  void leave(const Asker::Mail& mail);

  void release();  // memory, when nothing is in flight

 private:
  static constexpr unsigned kMaxSends = 3;  // of a query: at most two retries (RFC 9520 §3.1)

  // What has gone wrong with a group lately. Queries for the others neither wait for that nor tell of it.
  struct Trouble {
    const Upstreams* with;
    std::optional<Clock::time_point> retry_at;  // while its queries wait for an upstream to come back
    ExtendedError last_error;
  };
  Trouble& trouble(const Upstreams& with);
  const Trouble* find_trouble(const Upstreams& with) const;
  bool is_waiting(const Upstreams& group) const;  // until retry_at

  bool take_outbox();  // what need not wait, to be sent; false: nothing
  void send_outbox(Clock::time_point now);
  void send_group(std::span<QueryPtr> queries, Upstreams& group, Clock::time_point now);
  void refuse(std::span<const QueryPtr> queries, Clock::time_point now);
  UpstreamConnection::Terms shared_terms() const { return {quarantined_ ? &asker_ : nullptr, false}; }
  void send(std::span<const QueryPtr> queries, Upstream& upstream, UpstreamConnection::Terms terms,
            Clock::time_point now);
  bool send_besides(std::span<const QueryPtr> queries, Upstream& upstream, UpstreamConnection::Terms terms,
                    const UpstreamConnection* avoid, Clock::time_point now);
  bool place(std::span<const QueryPtr> queries, Upstream& upstream, UpstreamConnection::Terms terms,
             const UpstreamConnection* avoid, Clock::time_point now);
  void read_mail(Clock::time_point now);
  void came_back(std::span<const Returned> returned, Clock::time_point now);
  void attend(const ConnectionPtr& connection, short events, Clock::time_point now);
  void deliver(const ConnectionPtr& from, Clock::time_point now);
  bool is_last_word(const Reply& reply, const Upstream& upstream) const;
  void refused(const Returned& returned, Clock::time_point now);
  void ask_another(const QueryPtr& query, Clock::time_point now);
  void hand_out(Clock::time_point now);
  void count(Metrics::Again cause, std::size_t queries = 1) const {
    if (metrics_ != nullptr) metrics_->sent_again(cause, queries);
  }

  // failing.cpp: queries whose connection has died, or whose time is over.
  void lost(const QueryPtr& query, const Death& death, Clock::time_point now);
  void expire(Clock::time_point now);
  void fail(const QueryPtr& query, const ExtendedError& error, Metrics::Failure cause, Clock::time_point now);
  void end_with(const QueryPtr& query, ByteView answer, const Upstream* by, Clock::time_point now);

  // sharing.cpp: what the cache has, and questions that are asked once for many.
  bool must_ask(const QueryPtr& query, Clock::time_point now);
  void share_last(Clock::time_point now);
  void stand_in(const QueryPtr& query, Clock::time_point now);
  bool end_with_stale(const QueryPtr& query, Clock::time_point now);
  void lose_patience(Clock::time_point now);
  void leave_shared(const QueryPtr& query);

  // racing.cpp: connections that are not ready yet.
  struct Race {
    const Upstreams* group;
    UpstreamConnection::Terms terms;
    bool operator==(const Race&) const = default;
  };
  static Race race_of(const UpstreamConnection& connection);
  std::vector<Race> races() const;
  std::vector<ConnectionPtr> connecting(const Race& race) const;
  Clock::time_point next_race(Clock::time_point now) const;
  void race(Clock::time_point now);
  void race(const std::vector<ConnectionPtr>& racing, Clock::time_point now);
  void begin_rival(Upstream& upstream, UpstreamConnection& slow, Clock::time_point now);
  void settle_race(const ConnectionPtr& winner, Clock::time_point now);
  void move_queries(const ConnectionPtr& from, const ConnectionPtr& to, Clock::time_point now);
  void drop(const ConnectionPtr& connection);  // not a reference into attended_

  Upstreams& upstreams_;
  const Limits* limits_;
  Asker& asker_;
  Metrics* const metrics_;
  Cache* const cache_;
  std::vector<QueryPtr> outbox_;      // to be sent
  std::vector<QueryPtr> unanswered_;  // by deadline; some of them may have ended
  std::size_t live_ = 0;              // of those, when the ones that had ended were cleared away last
  std::vector<QueryPtr> impatient_;   // of those: a stale answer will do, after a while
  std::vector<ConnectionPtr> attended_;
  std::vector<QueryPtr> sending_;  // of one turn; so are the next three
  std::vector<ConnectionPtr> polled_;
  std::vector<Reply> replies_;
  std::vector<Answer> answers_;
  std::deque<Bytes> shared_;       // some of those answers, written again for others
  std::vector<Trouble> troubles_;  // a few, if any
  bool quarantined_ = false;       // connections died of this asker's queries: it has its own
};
