// --trace: what happens to each query, as a file that people and `client --proxy-trace` read. It tells who
// asks for what, so there is none unless it was asked for (DESIGN, law 9).
//
// One event per line, appended in one write(2): SECONDS EVENT KEY=VALUE … Values are quoted and escaped as in
// common/log.h. SECONDS is CLOCK_MONOTONIC with six decimals: one clock for all programs on a machine, and so
// the client's too; us is microseconds. Keys come in this order; those in [] may be missing:
//
//   accepted  client=127.0.0.1:40000 listener=tls://127.0.0.1:8443
//   handshake client= version=TLSv1.3 group=x25519 suite=TLS_AES_128_GCM_SHA256 alpn=dot resumed=no us=812
//   query     client= id=4660 [name=google.com. type=A] octets=128
//   upstream  client= upstream=tls://127.0.0.1:853#lab.test local=127.0.0.1:51000 connection=new|reused
//   connected client= local= [version= group= suite= alpn= resumed=] us=1520
//   sent      client= id= upstream_id=52011 local= octets=128
//   received  client= id= upstream_id= local= [reader=127.0.0.1:40002|udp] octets=468 us=20020
//   lost      client= local= reason="read from 127.0.0.1:853: Connection reset by peer"
//   answer    client= id= rcode=NOERROR octets=468 us=20311 [cache=fresh|stale]
//   closed    client= by=client|proxy [reason=] us=30000
//
//  - client: the client's address and port, the connection's id on both sides. Over UDP nothing is
//    accepted or closed.
//  - id: of the query as the client sent it; upstream_id: the one it has on its way to the resolver.
//    octets: of the DNS message on that side of the proxy, without its two octets of length. No name and
//    type: the query could not be read.
//  - local: our end of the connection to the resolver, and that connection's id; it may serve one client
//    after another. upstream: this client's queries take it from now on. connected: it is a new one, and is
//    ready, us after it was begun. sent: the query has left. lost: the connection failed, and what was sent
//    or was to be sent over it goes elsewhere. The UDP service's connections serve all its clients: their
//    client is the one whose query needed them first.
//  - reader: a connection that several share is read by one of their threads, which hands the others their
//    answers: the client whose thread it was. Missing: this client's own.
//  - us: of received since the query was sent, of answer since it came, of closed since it was accepted. An
//    answer without a received before it is the proxy's own, or has waited for that of another client, who
//    asked the same.
//    client=cache: what the cache asks for its own sake, for no client.
//  - cache: the answer was kept from before (--cache), and its time is not over, or is.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "common/bytes.h"
#include "common/tls/peer.h"
#include "proxyserver/caching/cache_use.h"
#include "proxyserver/watching/log_file.h"

// Any thread. Callers hold a pointer, null where no trace was asked for.
class Trace {
 public:
  using Duration = std::chrono::steady_clock::duration;
  using Text = std::string_view;

  // "-": standard error; throws NetError with the system's reason. A line that cannot be written later is
  // lost; the log says so, once.
  explicit Trace(const std::string& file);

  void accepted(Text client, Text listener) const;
  void handshake(Text client, const tls::ConnectionFacts& facts, Duration time) const;
  void query(Text client, ByteView message) const;  // of at least a header
  void upstream(Text client, Text upstream, Text local, bool reused) const;
  void sent(Text client, std::uint16_t id, std::uint16_t upstream_id, Text local, std::size_t octets) const;
  void connected(Text client, Text local, const std::optional<tls::ConnectionFacts>& facts,
                 Duration time) const;
  void received(Text client, std::uint16_t id, std::uint16_t upstream_id, Text local, std::size_t octets,
                Duration time, Text reader) const;  // empty: it is the client's own thread
  void lost(Text client, Text local, Text reason) const;
  void answer(Text client, ByteView message, Duration time, CacheUse cached = CacheUse::none) const;
  void closed(Text client, bool by_client, Text reason, Duration time) const;

  const LogFile& file() const { return file_; }

 private:
  void write(Text event, Text facts) const;

  const LogFile file_;
  mutable std::atomic<bool> failed_ = false;  // a line could not be written, and it has been said
};
