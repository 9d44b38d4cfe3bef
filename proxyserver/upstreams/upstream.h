// One resolver that queries are forwarded to: its address and trust, its connections, its health.
//
// Shared by all askers; everything here is safe to call from any thread.
#pragma once

#include <atomic>
#include <cassert>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/net/endpoint.h"
#include "proxyserver/upstreams/connection.h"
#include "proxyserver/upstreams/trust.h"
#include "proxyserver/watching/instruments.h"

class Upstreams;

class Upstream {
 public:
  using Clock = std::chrono::steady_clock;

  using Tls = std::shared_ptr<const Trust>;

  // `tls`: who is trusted, and the tickets that are common to all addresses of a name; null for tcp://.
  Upstream(const net::Endpoint& endpoint, Tls tls, std::size_t pool_size);
  // A name of which no address is known: one that cannot be connected to.
  Upstream(const net::Uri& unknown, Tls tls);

  void observe(const Instruments& instruments);  // before the first connection; they must outlive this

  // The addresses of one name are several upstreams and one resolver: they are expected to give the same
  // answers.
  void join(const Upstream& other) { resolver_ = other.resolver_; }  // before it is asked
  bool is_one_with(const Upstream& other) const { return resolver_ == other.resolver_; }

  // The group that it is in, from when it is first on its list. What is sent here goes to no other group.
  Upstreams& group() const { return *group_; }
  void belong_to(Upstreams& group) {  // Upstreams'; again, for the same one, while others read it
    if (group_ == nullptr) group_ = &group;
    assert(group_ == &group);
  }

  const std::string& name() const { return name_; }  // the URI, for messages
  bool encrypted() const { return tls_ != nullptr; }

  // Its connections, the oldest first: queries go over the first that takes them. One more than there are
  // makes a new one, on these terms, which is still connecting. Null: there are as many as --pool-size
  // allows. Throws NetError when none can be begun.
  ConnectionPtr connection(std::size_t index, UpstreamConnection::Terms terms, Clock::time_point now);
  ConnectionPtr connect(UpstreamConnection::Terms terms, Clock::time_point now);  // a new one in any case
  bool is_half_free() const;  // fewer than half of --pool-size
  // It is no more: closed, and forgotten here. By its attendant, once it takes no more.
  void drop(const ConnectionPtr& connection);
  // Those that are for the queries of this asker alone, which has ended; it owns no others from then on.
  void drop_owned(const Asker& owner);
  // It is lost: the same, and its queries go back to their askers. By its attendant.
  void bury(const ConnectionPtr& connection, const std::exception& cause, Clock::time_point now);

  // Once a second: looks at connections that nobody attends. Closes those that their far end closed, or that
  // nobody wanted for long; the others give memory back. One that was made under another trust than is in
  // force now takes no more queries.
  void sweep(Clock::time_point now);

  // Some resolvers (dnsdist 1.7) leave a second message in a TLS record unread until the next record comes.
  // One that seems to do so gets each message in a record of its own for ten seconds, and one that then
  // closes the connection with answers owed, from then on.
  bool wants_single_records(Clock::time_point now) const {
    return now.time_since_epoch().count() < single_records_until_.load(std::memory_order_relaxed);
  }
  void seems_to_leave_messages(Clock::time_point now);
  void leaves_messages();

  // A resolver that has answered a later query first does not make all wait for a slow one.
  bool is_out_of_order() const { return out_of_order_.load(std::memory_order_relaxed); }
  void answers_out_of_order() {
    if (!is_out_of_order()) out_of_order_ = true;
  }

  // Some resolvers answer once and close. Twice in a row is no accident: for a second each query gets a
  // connection of its own, since one that is sent behind another there is lost.
  bool answers_once(Clock::time_point now) const { return now.time_since_epoch().count() < once_until_; }
  void cut_short(Clock::time_point now);  // it closed while it owed answers, and had answered

  bool has_connections() const;

  // Health, as the askers observe it; there are no probes. A failure is a connection that brought no
  // answer, silence though it was asked, or a race that another won. The penalty grows from 0.25 s to 8 s,
  // with jitter; the first success ends it.
  void failed(std::string_view why, Clock::time_point now);
  // It has answered, after that time. If it had long been silent, what was known of its speed is old, and
  // this time takes its place.
  void succeeded(Clock::duration answer_time, Clock::time_point now);
  // It has said nothing since then, though it was asked.
  void was_silent(Clock::time_point since, std::string_view why, Clock::time_point now);
  // True for one caller, once in a while: it was failing, and its penalty is over. Then a query should go to
  // it besides: its answer ends the failing.
  bool is_due_for_trial(Clock::time_point now);
  bool is_failing() const { return failures_.load(std::memory_order_relaxed) > 0; }
  // It does not fail, or its penalty is over.
  bool is_worth_asking(Clock::time_point now) const { return !is_failing() || penalty_end() <= now; }
  // Of answers, an eighth of each new one (RFC 6298 §2.3); 0: none yet.
  Clock::duration smoothed_time() const;
  Clock::time_point penalty_end() const;
  Clock::time_point last_failure() const;
  // Meaningful while penalty_end() is in the future, or nothing has succeeded since.
  Clock::time_point failing_since() const;

  // For who looks on. time_point::min(): it has not answered yet.
  Clock::time_point last_answer() const { return Clock::time_point(Clock::duration(heard_)); }
  struct Load {
    std::size_t connections = 0;
    std::size_t in_flight = 0;  // queries that somebody waits for
  };
  Load load() const;
  // A connection that is made only to see whether it can be, TLS's handshake included. Waits; throws NetError
  // or TlsError when it cannot. Its health stays as it was.
  void try_out(net::Deadline deadline) const;
  UpstreamMetrics* metrics() const { return metrics_.get(); }  // null: not asked for

 private:
  static constexpr Clock::rep kLongAgo = Clock::time_point::min().time_since_epoch().count();

  ConnectionPtr add(UpstreamConnection::Terms terms, Clock::time_point now);
  std::vector<ConnectionPtr> all_connections() const;
  UpstreamConnection::Parts begin() const;
  void rest(const ConnectionPtr& connection, Clock::time_point now);

  const std::optional<net::SocketAddress> address_;  // nullopt: not known
  const std::string name_;
  const std::size_t pool_size_;
  const Tls tls_;  // null for tcp://
  const void* resolver_ = this;
  Upstreams* group_ = nullptr;
  Capture* capture_ = nullptr;
  const Trace* trace_ = nullptr;
  std::unique_ptr<UpstreamMetrics> metrics_;

  mutable std::mutex mutex_;  // guards what follows
  std::vector<ConnectionPtr> connections_;
  Clock::time_point last_failure_{};
  Clock::time_point failing_since_{};
  Clock::time_point last_cut_{};

  std::atomic<Clock::rep> penalty_end_ = kLongAgo;
  std::atomic<Clock::rep> next_trial_ = kLongAgo;
  std::atomic<Clock::rep> smoothed_time_ = 0;
  std::atomic<Clock::rep> once_until_ = kLongAgo;
  std::atomic<Clock::rep> heard_ = kLongAgo;
  std::atomic<Clock::rep> single_records_until_ = kLongAgo;
  std::atomic<bool> out_of_order_ = false;
  std::atomic<int> failures_ = 0;  // atomic so that succeeded(), once per answer, need not lock
};

// For Answered::upstream.
inline const std::string* name_of(const Upstream* upstream) {
  return upstream != nullptr ? &upstream->name() : nullptr;
}
