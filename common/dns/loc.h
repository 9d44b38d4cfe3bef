// The LOC record's RDATA (RFC 1876 §2): where on Earth something is.
//
//    version 0 | size | horizontal precision | vertical precision | latitude | longitude | altitude
//    8 bits      8      8                      8                    32         32          32
//
// Sizes and precisions are a decimal digit times a power of ten, in centimetres: 0x12 is 1 * 10^2 cm, a
// metre. Angles count thousandths of an arc second from 2^31 at the equator and the prime meridian; altitudes
// count centimetres from 100 km below the WGS 84 spheroid.
#pragma once

#include <string>

#include "common/bytes.h"
#include "common/dns/text_fields.h"

namespace dns {

// Whether the octets have this form. Those of another version have an unknown one, and pass.
bool is_location(ByteView octets);
bool has_location_version(ByteView octets);  // 0, the only one there is

// "42 21 54.000 N 71 6 18.000 W -24.00m 30m 10000m 10m", from octets that passed both checks.
std::string location_text(ByteView octets);

// The same form, in which minutes, seconds, `m`s and all behind the altitude may be left out (RFC 1876 §3).
std::expected<Bytes, TextError> parse_location(FieldCursor& text);

}  // namespace dns
