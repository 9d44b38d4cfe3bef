// EDNS(0), RFC 6891: the OPT pseudo-record, as a value.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/dns/fields.h"
#include "common/dns/wire_reader.h"
#include "common/dns/wire_writer.h"

namespace dns {

struct EdnsOption {
  std::uint16_t code = 0;
  Bytes value;
  bool operator==(const EdnsOption&) const = default;
};

struct Edns {
  std::uint16_t udp_size = 1232;    // what the sender can take over UDP, octets
  std::uint8_t extended_rcode = 0;  // the upper eight bits of the rcode
  std::uint8_t version = 0;
  bool dnssec_ok = false;
  std::uint16_t z = 0;  // the 15 reserved flag bits
  std::vector<EdnsOption> options;

  const EdnsOption* find(std::uint16_t code) const;
  bool operator==(const Edns&) const = default;
};

// Reads CLASS, TTL and RDATA of an OPT record whose owner and TYPE have been read. Errors stick to the
// reader.
Edns decode_edns(WireReader& reader, FieldSink* fields = nullptr);
void encode_edns(const Edns& edns, WireWriter& writer);

// RFC 7830, RFC 8467 §4.1: the length of the padding option's value that makes a message a multiple of
// `block` octets (128 for queries, 468 for answers). `size` is the message with an empty padding option in
// place.
std::size_t padding_length(std::size_t size, std::size_t block);

// RFC 8914: an extended DNS error, its code and UTF-8 text.
EdnsOption extended_error(std::uint16_t info_code, std::string_view text);

// In dig's words: "NSID", "COOKIE", … or "OPT=65001"; and the option's value as a person reads it (one line
// of printable ASCII; nothing for an empty value; a value that does not have its option's form in
// hexadecimal).
std::string option_name(std::uint16_t code);
std::string option_text(const EdnsOption& option);

}  // namespace dns
