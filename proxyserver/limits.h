// The bounds that an operator can set, and what is done to queries, each a command-line flag. Values; read by
// all threads once they are published (published.h). A session keeps those that it began with.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "proxyserver/asking/announcement.h"

struct Limits {
  using Milliseconds = std::chrono::milliseconds;

  Milliseconds handshake{5000};    // a client's TLS handshake, from accept on
  Milliseconds message{3000};      // a message, from its first octet to its last
  Milliseconds idle{10000};        // since the last query in order, or answer, nothing being in flight
  Milliseconds write{5000};        // until a client has taken what waited for it
  Milliseconds query{5000};        // a query, from its arrival to its answer or SERVFAIL
  Milliseconds drain{10000};       // told to stop: until what is still there is cut off
  Milliseconds hedge_after{2000};  // an upstream's silence, while it owes answers, until another is asked too
  std::size_t max_connections = 4096;
  std::size_t max_per_client = 1024;          // of them from one IPv4 address or IPv6 /64
  std::size_t max_qps_per_client = 0;         // queries a second, of the same; 0: any number
  std::size_t max_handshakes_per_client = 0;  // new TLS connections a second, likewise
  std::size_t max_in_flight = 64;       // queries per client connection; beyond that the client is not read
  std::size_t pool_size = 256;          // connections per upstream
  std::size_t udp_workers = 2;          // threads per udp:// listener
  bool pad_always = false;              // give queries without OPT one, so that they can be padded
  std::chrono::seconds min_ttl{0};      // of what the cache keeps
  std::chrono::seconds max_ttl{86400};  // likewise
  std::chrono::seconds serve_stale{0};  // how long after its end an answer is better than none; 0: not at all
  std::vector<std::uint16_t> retry_on;  // rcodes after which another upstream is asked
  Announcement announced;               // --announce, with the listeners as they are bound

  bool operator==(const Limits&) const = default;
};
