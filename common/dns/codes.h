// The numbers of the DNS by name (IANA "DNS Parameters"), and one table per kind, read both ways.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dns {

namespace type {
enum : std::uint16_t {
  A = 1,
  NS = 2,
  CNAME = 5,
  SOA = 6,
  PTR = 12,
  HINFO = 13,
  MX = 15,
  TXT = 16,
  RP = 17,
  AFSDB = 18,
  SIG = 24,
  AAAA = 28,
  LOC = 29,
  SRV = 33,
  NAPTR = 35,
  DNAME = 39,
  OPT = 41,
  DS = 43,
  SSHFP = 44,
  RRSIG = 46,
  NSEC = 47,
  DNSKEY = 48,
  NSEC3 = 50,
  NSEC3PARAM = 51,
  TLSA = 52,
  SMIMEA = 53,
  CDS = 59,
  CDNSKEY = 60,
  OPENPGPKEY = 61,
  CSYNC = 62,
  ZONEMD = 63,
  SVCB = 64,
  HTTPS = 65,
  SPF = 99,
  EUI48 = 108,
  EUI64 = 109,
  TSIG = 250,
  IXFR = 251,
  AXFR = 252,
  ANY = 255,
  URI = 256,
  CAA = 257,
};
}  // namespace type

namespace klass {
enum : std::uint16_t { IN = 1, CH = 3, HS = 4, NONE = 254, ANY = 255 };
}

namespace opcode {
enum : std::uint8_t { QUERY = 0, IQUERY = 1, STATUS = 2, NOTIFY = 4, UPDATE = 5, DSO = 6 };
}

namespace rcode {
enum : std::uint16_t {
  NOERROR = 0,
  FORMERR = 1,
  SERVFAIL = 2,
  NXDOMAIN = 3,
  NOTIMP = 4,
  REFUSED = 5,
  BADVERS = 16,
  BADCOOKIE = 23,
};
}

namespace option {  // EDNS option codes
enum : std::uint16_t {
  NSID = 3,
  CLIENT_SUBNET = 8,
  COOKIE = 10,
  KEEPALIVE = 11,
  PADDING = 12,
  EXTENDED_ERROR = 15,
};
}

namespace ede {  // extended DNS error codes, RFC 8914 §4
enum : std::uint16_t {
  OTHER = 0,
  STALE_ANSWER = 3,
  NOT_READY = 14,
  PROHIBITED = 18,
  STALE_NXDOMAIN = 19,
  NOT_AUTHORITATIVE = 20,
  NO_REACHABLE_AUTHORITY = 22,
  NETWORK_ERROR = 23
};
}

// Numbers without a name are written TYPEnn, CLASSnn (RFC 3597 §5), OPCODEnn, RCODEnn; TYPEnn and CLASSnn are
// read for any number.
std::string type_name(std::uint16_t type);
std::string class_name(std::uint16_t klass);
std::string opcode_name(std::uint8_t opcode);
std::string rcode_name(std::uint16_t rcode);
std::string ede_name(std::uint16_t info_code);  // "Network Error"; "Unknown" when unassigned
std::optional<std::uint16_t> type_from_name(std::string_view name);  // case-blind
std::optional<std::uint16_t> class_from_name(std::string_view name);

}  // namespace dns
