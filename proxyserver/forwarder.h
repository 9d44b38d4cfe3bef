// Gets the queries of one session answered: sends them over leased upstream connections ("legs"), matches
// answers to queries, sends again what a dead connection took with it, and ends every query by its deadline
// (DESIGN, law 5).
//
// Does not wait for upstreams: the session polls poll_entries() together with its client's socket and hands
// the events back. At most two legs are open: the second one while an upstream is silent (hedging), or
// while one query measures an upstream that is not the chosen one. One thread.
//
//   submit() ──► waiting ──► on a leg ──► answered ──────────────────────────────► Client::deliver()
//                  ▲            │ dies
//                  └────────────┴──► deadline passed, or tried enough: SERVFAIL ──► Client::deliver()
#pragma once

#include <array>
#include <exception>
#include <optional>
#include <poll.h>
#include <span>

#include "proxyserver/in_flight.h"
#include "proxyserver/leg.h"
#include "proxyserver/limits.h"
#include "proxyserver/reply.h"
#include "proxyserver/trace.h"
#include "proxyserver/upstreams.h"

class Forwarder {
 public:
  using Clock = std::chrono::steady_clock;

  class Client {
   public:
    // `answer` carries the client's ID again, but still the EDNS options of the upstream's hop. Called from
    // within flush(), on_events() and on_time().
    virtual void deliver(const Query& query, const dns::MessageView& answer) = 0;

    // Whose query it is: address and port, for the trace and the log.
    virtual std::string client_of(const Query& query) const = 0;

   protected:
    ~Client() = default;
  };

  Forwarder(Upstreams& upstreams, const Limits& limits, Client& client, const Trace* trace)
      : upstreams_(upstreams), limits_(limits), client_(client), trace_(trace) {}

  // Takes a copy of the query; it leaves with the next flush(). `origin` comes back with the answer, in its
  // Query.
  void submit(const dns::MessageView& query, Clock::time_point now, std::uint32_t origin = 0);
  // One write for all that was submitted; gives connections back when nothing is in flight. Call before each
  // poll.
  void flush(Clock::time_point now);

  std::size_t in_flight() const { return queries_.size(); }
  std::size_t octets_in_flight() const { return queries_.octets(); }

  // While `pause` is true upstreams are not read: the client does not take what has come already.
  void pause(bool pause, Clock::time_point now);

  static constexpr std::size_t kMaxLegs = 2;
  std::size_t poll_entries(std::span<pollfd, kMaxLegs> entries) const;     // how many it filled in
  void on_events(std::span<const pollfd> entries, Clock::time_point now);  // those entries, polled

  // What time alone brings about: queries that end, upstreams that are silent, another try.
  Clock::time_point next_time() const;
  void on_time(Clock::time_point now);

  void release() { queries_.release(); }  // memory, when nothing is in flight

 private:
  static constexpr unsigned kMaxSends = 3;  // of a query: at most two retries (RFC 9520 §3.1)

  std::uint8_t bit(const Leg& leg) const { return static_cast<std::uint8_t>(1U << (&leg - legs_.data())); }
  dns::OptSplice upstream_options(const dns::MessageView& query) const;
  bool may_send(Clock::time_point now);
  bool sends_one(const Leg& leg, Clock::time_point now) const;
  Leg* current_leg();  // the one that new queries take; null: none is open
  bool open(Leg& leg, Upstream& upstream, net::Deadline wait, Clock::time_point now);
  void send_waiting(Clock::time_point now);
  void send(Query& query, Leg& leg, Clock::time_point now);
  void write(Leg& leg, Clock::time_point now);
  void read(Leg& leg, Clock::time_point now);
  void take_answer(Leg& leg, std::span<std::uint8_t> answer, Clock::time_point now);
  void leg_died(Leg& leg, const std::exception& cause, Clock::time_point now);
  void connection_lost(Upstream& upstream, bool proven, const std::exception& cause, Clock::time_point now);
  void blame_slower(const Query& query, const Leg& faster, Clock::time_point now);
  void fail(Query& query, const ExtendedError& error, const Leg* answered_by = nullptr);
  void end(Query& query, const Leg* answered_by = nullptr);
  void settle();

  // forwarder_time.cpp, with next_time() and on_time().
  Clock::time_point hedge_time(const Leg& leg) const;
  void hedge(Leg& silent, Clock::time_point now);
  void expire(Clock::time_point now);

  // For the trace, if there is one (forwarder_trace.cpp).
  void trace_queued(const Query& query, Leg& leg, Clock::time_point now) const;
  void trace_written(Leg& leg);  // all that was queued
  void trace_connected(Leg& leg) const;
  void trace_sent(const Query& query, const Leg& leg) const;
  void trace_received(const Query& query, Leg& leg, std::size_t octets, Clock::time_point now) const;
  void trace_lost(const Leg& leg, const std::exception& cause) const;

  Upstreams& upstreams_;
  const Limits& limits_;
  Client& client_;
  const Trace* const trace_;
  InFlight queries_;
  std::array<Leg, kMaxLegs> legs_;
  std::size_t current_ = 0;             // index of the leg opened last
  std::vector<std::uint16_t> waiting_;  // IDs of the queries in flight that are on no leg
  bool paused_ = false;
  Clock::time_point last_cut_{};          // when a connection last died in the middle of answering
  Clock::time_point one_by_one_until_{};  // until then one query at a time, on fresh connections
  bool distrust_pool_ = false;            // a connection died under a query: send that again over a fresh one
  std::size_t lost_in_a_row_ = 0;         // connections that brought no answer, since one did
  Clock::time_point next_hedge_{};        // not before
  std::optional<Clock::time_point> retry_at_;  // while queries wait for an upstream to come back
  Clock::time_point first_deadline_ = Clock::time_point::max();  // no query ends before it; may be too early
  ExtendedError last_error_{};
};
