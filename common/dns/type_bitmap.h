// The set of types that NSEC, NSEC3 and CSYNC carry (RFC 4034 §4.1.2):
//
//    ( window number | octets in its bitmap, 1 to 32 | bitmap )+     windows in rising order, empty ones left
//    out
//
// Bit 0, the most significant of the first octet, of window w stands for type 256 w.
#pragma once

#include <string>
#include <vector>

#include "common/bytes.h"

namespace dns {

bool is_type_bitmap(ByteView octets);  // no octets at all are a bitmap too, of no types

std::vector<std::uint16_t> types_in_bitmap(ByteView bitmap);  // rising; `bitmap` has passed is_type_bitmap()
Bytes bitmap_of_types(std::vector<std::uint16_t> types);      // in any order, duplicates do no harm

std::string type_bitmap_text(ByteView bitmap);  // "A MX RRSIG TYPE1234"

}  // namespace dns
