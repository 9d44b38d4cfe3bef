// What can be wrong with bytes that claim to be a DNS message: facts, no prose. Printers make the sentence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>

namespace dns {

enum class WireFault : std::uint8_t {
  truncated,       // the message ends before the field does
  name_too_long,   // RFC 1035 §2.3.4: a name has at most 255 octets, the root's included
  bad_label_type,  // RFC 1035 §4.1.4: the label types 01 and 10 are reserved (so no label exceeds 63 octets)
  bad_pointer,     // RFC 1035 §4.1.4: a compression pointer names a prior occurrence
  bad_rdata,       // the RDATA does not have the form that its type demands
  trailing_bytes,  // something is left where nothing should be
  duplicate_opt,   // RFC 6891 §6.1.1: at most one OPT
  misplaced_opt,   // RFC 6891 §6.1.1: OPT belongs to the additional section, its owner is the root
};

struct WireError {
  WireFault fault;
  std::size_t offset;      // octets from the start of the message
  std::size_t wanted = 0;  // octets the field needs (or the limit that was passed)
  std::size_t got = 0;     // octets there are
};

template <typename T>
using Expected = std::expected<T, WireError>;

// One clause for a log line or an error message: "truncated at octet 29: 4 octets wanted, 2 left".
std::string to_string(const WireError& error);

}  // namespace dns
