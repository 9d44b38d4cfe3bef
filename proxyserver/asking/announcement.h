// --announce: that this proxy takes queries over TLS, told to systems that ask for it (RFC 9462, Discovery of
// Designated Resolvers):
//
//    _dns.resolver.arpa. 300 IN SVCB 1 dns.example.net. alpn="dot" port=8443 ipv4hint=192.0.2.1
//
// And what else is asked of the zone resolver.arpa, which is never forwarded (§6.1, §6.4): an answer from
// upstream would lead clients away to another resolver. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/dns/rdata.h"
#include "common/net/endpoint.h"
#include "proxyserver/asking/screen.h"

struct Announcement {
  dns::Name target;                    // the name of our certificate
  std::vector<dns::Rdata> designated;  // SVCB, one for each port; empty: nothing is announced
  std::vector<dns::Rdata> addresses;   // A and AAAA of the target, as far as we know them

  bool operator==(const Announcement&) const = default;
};

// What `name` may be: a host name, but not resolver.arpa (RFC 9462 §4). The complaint; empty: it may be.
std::string complaint_about_announced(const std::string& name);

// The tls:// ones among `listeners`, as they are bound. Of a wildcard only the port is told: its clients look
// the name up. Nothing for an empty name.
Announcement announce(const std::string& name, std::span<const net::Endpoint> listeners);

// The reply to a message that screen() says is answered here: an error without records; or what there is of
// resolver.arpa, with its SOA where there is nothing (RFC 6303 §3).
Bytes answer_here(ByteView message, const Screening& screening, const Announcement& announced);
