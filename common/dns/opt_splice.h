// Each hop its own EDNS options: keepalive, padding and cookie concern one connection, not the message that
// crosses several (RFC 7828 §4, RFC 7830 §6, RFC 7873 §5). They are taken out of the OPT record and put into
// it by splicing that record alone; every other octet of the message, compression pointers among them, stays
// what it was.
//
//    | header | question, records … | OPT: owner type size ttl rdlength options | records behind it … |
//    |------------ as it was -------|----------- written again ------------------|---- as they were ---|
//
// A record behind the OPT is rare (only TSIG belongs there) and may hold pointers to names behind it, which
// moving would break: such a message is decoded and encoded again, which puts its OPT last.
#pragma once

#include <optional>

#include "common/dns/message_view.h"

namespace dns {

struct OptSplice {
  bool add_opt = false;     // a message without OPT gets one
  bool remove_opt = false;  // an OPT that this hop put in is taken out whole (nothing else is put in then)
  std::optional<std::uint16_t>
      keepalive;           // put in: in units of 100 ms; kAskKeepalive: without a value, as queries do
  std::size_t pad_to = 0;  // put in padding up to a multiple of this (RFC 8467 §4.1); 0: none
  std::size_t limit = kLargestMessage;  // nothing is put in that would make the message larger (RFC 7830 §4)
};

inline constexpr std::uint16_t kAskKeepalive = 0xffff;

// What a hop's options said, before they were taken out.
struct HopOptions {
  bool padded = false;
  bool asks_keepalive = false;             // a keepalive option, with or without a value
  std::optional<std::uint16_t> keepalive;  // its value
};
HopOptions hop_options(const MessageView& message);

// False: a record lies behind its OPT, and the OPT cannot be moved, since the records do not parse or would
// need more than 65,535 octets: handing the message on would hand on the hop's options. Cheap for all others.
bool may_splice(const MessageView& message);

// Writes `message` with the hop's options replaced to `out` (cleared first). False: nothing was to be done,
// or must not be done (a signed message), and `out` is empty: use the message itself.
bool splice_opt(const MessageView& message, const OptSplice& splice, Bytes& out);

}  // namespace dns
