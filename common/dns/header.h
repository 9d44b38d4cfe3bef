// The twelve octets every DNS message begins with (RFC 1035 §4.1.1; AD and CD: RFC 4035 §3.1.6, §3.2.2).
//
//      0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15
//    +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
//    |                      ID                       |
//    |QR|   OPCODE  |AA|TC|RD|RA| Z|AD|CD|   RCODE   |
//    |                    QDCOUNT                    |
//    |                    ANCOUNT                    |
//    |                    NSCOUNT                    |
//    |                    ARCOUNT                    |
//    +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
#pragma once

#include "common/bytes.h"
#include "common/dns/wire_reader.h"
#include "common/dns/wire_writer.h"

namespace dns {

inline constexpr std::size_t kHeaderSize = 12;
inline constexpr std::size_t kLargestMessage = 65535;  // RFC 1035 §4.2.2: its length has two octets

struct Header {
  std::uint16_t id = 0;
  bool qr = false;  // this is a response
  std::uint8_t opcode = 0;
  bool aa = false;         // authoritative answer
  bool tc = false;         // truncated
  bool rd = false;         // recursion desired
  bool ra = false;         // recursion available
  bool z = false;          // reserved
  bool ad = false;         // authentic data
  bool cd = false;         // checking disabled
  std::uint8_t rcode = 0;  // the low four bits; EDNS carries the others
  std::uint16_t qdcount = 0;
  std::uint16_t ancount = 0;
  std::uint16_t nscount = 0;
  std::uint16_t arcount = 0;

  bool operator==(const Header&) const = default;
};

Header decode_header(WireReader& reader);  // errors stick to the reader
void encode_header(const Header& header, WireWriter& writer);

}  // namespace dns
