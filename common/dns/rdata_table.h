// What a record's RDATA consists of, per type: the table, and a walk over one RDATA's fields by it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/dns/rdata.h"

namespace dns {

// One kind, one way to read it from the wire, to print it and to parse it (rdata_decode, rdata_print,
// rdata_parse). Kinds called *_rest reach to the end of the RDATA.
enum class FieldKind : std::uint8_t {
  compressible_name,  // a name of RFC 1035's types: a pointer may end it, read and written
  expandable_name,    // pointers are read, for old senders, but never written (RFC 3597 §4)
  plain_name,         // never compressed
  u8,
  u16,
  u32,
  ttl,        // 32-bit seconds; text may have units
  timestamp,  // 32-bit seconds since 1970, printed as YYYYMMDDHHmmSS
  algorithm,  // DNSSEC algorithm, 8 bits, printed as a number; text may have RFC 4034's mnemonic
  type_code,  // 16 bits, printed as a type's name
  ipv4,
  ipv6,
  eui48,
  eui64,
  string,       // <character-string>: a length octet and as many octets
  strings,      // one or more of them, to the end
  tag,          // like string, but letters and digits, not empty (RFC 8659 §4.1)
  quoted_rest,  // octets without a length, printed like a string
  hex_rest,
  base64_rest,
  salt,         // length octet and octets in hex; "-" when empty (RFC 5155 §3.3)
  hash,         // length octet and octets in base 32 (RFC 5155 §3.3)
  type_bitmap,  // RFC 4034 §4.1.2
  location,     // RFC 1876
  svc_params,   // RFC 9460 §2.2
  opaque,       // RFC 3597: `\# length hex`
};

struct Field {
  std::string_view name;
  FieldKind kind;
  std::size_t least = 0;  // octets it has at least, for kinds that reach to the end
};

// The fields of a type, in wire order. A type that is not in the table has one opaque field.
std::span<const Field> rdata_form(std::uint16_t type);
std::string_view rdata_rfc(std::uint16_t type);  // what defines them: "RFC 1035 3.3.9"

// One field of one RDATA: where it is, and its text as dig prints it (empty: it prints nothing).
struct FieldView {
  std::string_view name;
  FieldKind kind;
  std::size_t offset;  // octets from the start of the uncompressed RDATA
  std::size_t length;
  std::string text;
};

// All fields, in order; their lengths add up to the RDATA's. RDATA that lacks its type's form (decode_rdata()
// and parse_rdata() never make such) is shown as one opaque field.
std::vector<FieldView> walk_rdata(const Rdata& rdata);

}  // namespace dns
