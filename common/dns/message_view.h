// A message looked at in place: what a forwarder needs to know, found in one walk, nothing copied or
// allocated. The view borrows the bytes.
#pragma once

#include <optional>

#include "common/dns/header.h"

namespace dns {

struct OptView {
  std::size_t offset = 0;        // of the OPT record's owner octet
  std::size_t rdata_offset = 0;  // of its first option
  std::size_t end = 0;           // one past the record
  std::uint16_t udp_size = 0;
  std::uint8_t version = 0;
  std::uint8_t extended_rcode = 0;  // the upper eight bits of the rcode (RFC 6891 §6.1.3)
};

struct MessageView {
  ByteView bytes;
  Header header;
  ByteView question = {};  // the first question whole: name, type, class; empty if there is none
  std::uint16_t qtype = 0;
  std::uint16_t qclass = 0;
  std::optional<OptView> opt = {};
  // Ends in TSIG or SIG(0): not an octet may change but the ID's (RFC 8945, RFC 2931).
  bool is_signed = false;

  std::uint16_t rcode() const;  // all twelve bits
  ByteView qname() const;       // of the first question; never compressed; empty if there is none
};

// Checks every name, length and count in the message, that it ends where its records do, that it has at most
// one OPT in its place, and that OPT's options fill its RDATA. RDATA of other types is only measured.
Expected<MessageView> inspect(ByteView wire);

// An answer to that query: QR set, the same opcode, and the same question, compared case-blind (RFC 5452
// §9.1). The ID is for the caller, who has changed it.
bool answers(const MessageView& answer, const MessageView& query);

}  // namespace dns
