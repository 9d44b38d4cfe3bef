// The PROXY protocol, version 2: a few octets that a load balancer sends ahead of all others, and that say
// who has connected to it (haproxy's doc/proxy-protocol.txt, §2.2).
//
//    0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a   signature
//    21                                    version 2, command PROXY (20: LOCAL)
//    11                                    IPv4, a stream (21: IPv6; 00: not said)
//    00 0c                                 how many octets follow
//    c0 00 02 07 | c0 00 02 01             who has connected, and to which address
//    9c 40 | 03 55                         their ports; what else follows (TLVs) is skipped
//
// A pure function of octets. Any thread.
#pragma once

#include <expected>
#include <optional>

#include "common/bytes.h"
#include "common/net/endpoint.h"

namespace net {

struct ProxyHeader {
  static constexpr std::size_t kFixed = 16;      // as far as its length
  static constexpr std::size_t kLongest = 4096;  // in all, TLVs with it: more is refused

  struct Ends {
    SocketAddress client;  // of one family, ports included
    SocketAddress balancer;
  };

  std::size_t size = kFixed;  // in all, as far as its octets tell
  // Set in a whole header only. nullopt there: the connection is the balancer's own (LOCAL, a health check),
  // or it does not say by addresses of IP whose it is (UNSPEC, UNIX, DGRAM): the addresses of the connection
  // itself count.
  std::optional<Ends> ends;
};

// `octets`: what has come. While the result's `size` is more than these, read on, and no further than that.
// The error is one clause, fit for a log; it comes as soon as no more octets could make these right.
std::expected<ProxyHeader, const char*> parse_proxy_header(ByteView octets);

}  // namespace net
