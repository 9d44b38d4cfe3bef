// --metrics: what happens, counted. What is so at the moment (connections, queries in flight) is not counted
// here but looked up when somebody asks: listening/status.h makes the page.
//
// Any thread, and no lock; a query costs six additions in all. Callers hold a pointer, null where no metrics
// were asked for.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <string_view>

#include "common/net/endpoint.h"
#include "common/tls/peer.h"
#include "proxyserver/watching/counters.h"
#include "proxyserver/watching/exposition.h"

// Of the proxy as a whole.
class Metrics {
 public:
  using Duration = std::chrono::steady_clock::duration;
  using Transport = net::Transport;

  Metrics();

  // Clients' queries.
  void query(Transport transport) noexcept;
  enum class Origin : std::uint8_t { proxy, upstream, cache };  // whose answer it is
  void answered(Transport transport, std::uint16_t type, std::uint16_t rcode, Origin origin,
                Duration wait) noexcept;

  // Clients' connections. `why`: Session::why_closed(), empty if the client closed.
  enum class Rule : std::uint8_t { allow, per_client, no_thread, qps, handshakes, proxy_from, proxy_header };
  void client_refused(Transport transport, Rule rule) noexcept;
  void client_accepted(Transport transport) noexcept;
  void client_handshake(const tls::ConnectionFacts& facts) noexcept;
  void client_handshake_failed(const std::exception& cause) noexcept;
  void client_closed(Transport transport, std::string_view why) noexcept;
  void client_lost(Transport transport) noexcept;  // broken, or its handshake failed
  void accepting_paused() noexcept;

  // A query leaves once more than it would if all went well.
  enum class Again : std::uint8_t {
    connection_failed,  // the connection that it waited for never stood
    connection_lost,    // the one that it was on died
    stuck,              // behind a slow one, at a resolver that answers in turn
    silent,             // hedged: no answer for --hedge-after
    refused,            // --retry-on
    trial,              // besides, to see whether another resolver is back, or how fast it is
  };
  void sent_again(Again cause, std::size_t queries = 1) noexcept;
  void failed_over() noexcept;                 // it goes to another resolver than the one that failed it
  void raced(bool another_resolver) noexcept;  // a connection that takes long has got a rival
  void quarantined() noexcept;                 // a client has got connections of its own

  // A query that the proxy had to end with SERVFAIL.
  enum class Failure : std::uint8_t { timeout, unreachable, connection, unusable_answer, no_connection };
  void failed(Failure cause) noexcept;

  void write(Exposition& to) const;

 private:
  void write_connections(Exposition& to) const;

  Counters counters_;
};

// Of one upstream. Lives as long as it does; series that end and begin again are what Prometheus expects.
class UpstreamMetrics {
 public:
  using Duration = std::chrono::steady_clock::duration;

  UpstreamMetrics();

  void begun() noexcept;                                                    // a connection
  void connected(Duration time) noexcept;                                   // TCP's handshake
  void secured(const tls::ConnectionFacts& facts, Duration time) noexcept;  // TLS's, counted from TCP's end
  void failed(const std::exception& cause) noexcept;                        // it never stood
  void lost() noexcept;  // it stood, and broke while it owed answers
  void answered(Duration time) noexcept;
  void penalised() noexcept;  // as the log says upstream-failed

  std::int64_t certificate_end() const noexcept { return certificate_end_; }  // Unix time; 0: none seen

  // One family at a time, since the samples of all upstreams stand together.
  enum class Family : std::uint8_t {
    connections,
    failures,
    lost,
    penalties,
    handshakes,
    tls,
    connect,
    handshake,
    answer
  };
  static constexpr std::size_t kFamilies = 9;
  static void begin(Exposition& to, Family family);
  void write(Exposition& to, Family family, std::string_view upstream) const;

 private:
  Counters counters_;
  std::atomic<std::int64_t> certificate_end_ = 0;
};
