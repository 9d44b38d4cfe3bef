// A recording told in steps, each of them something that a person can point at: a connection's beginning or
// end, a TLS record, a datagram, a run of octets in clear; with what it held for those who have the keys.
// What the views of client/show are drawn from. Pure functions.
#pragma once

#include <vector>

#include "client/ask.h"

namespace client {

struct Step {
  enum class Kind : std::uint8_t {
    connecting,
    connected,
    refused,   // TCP: the answer to our SYN was a reset
    given_up,  // TCP: the connection did not come to stand, for another reason
    record,    // TLS
    octets,    // TCP in clear
    datagram,  // UDP
    no_tls,    // octets of a TLS connection whose sender sent no record
    unread,    // octets of a TLS connection that came when we read no more
    closed,
  };
  Kind kind = Kind::record;
  WireEvent::Clock::time_point when;
  std::size_t connection = 0;
  bool sent = false;
  std::size_t octets = 0;     // on the wire, a record's header included
  std::uint8_t content = 0;   // of a record: the content type as the path sees it (RFC 8446 §5.1),
  std::uint16_t version = 0;  // and the version that its header names
  bool encrypted = false;
  std::vector<const WireEvent*> inside = {};  // handshake messages, alerts, DNS messages; in the recording
};

// A ClientHello or a ServerHello: what says which version of TLS it is.
bool is_hello(const WireEvent& event);

// In the order of time. The steps point into `outcome`, which must outlive them. A message that fills several
// records is inside the one that it begins in if it was sent, and ends in if it was received. The octets of a
// connection's steps add up to what passed its socket.
std::vector<Step> steps_of(const Outcome& outcome);

}  // namespace client
