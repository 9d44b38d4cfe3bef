// Octets as rows of hexadecimal, for a reader's eye.
#pragma once

#include <string>
#include <vector>

#include "common/bytes.h"

namespace client {

inline constexpr std::size_t kOctetsPerRow = 8;

// "c0 0c 00 01", kOctetsPerRow in each; no row for no octets. More than a row of one and the same octet, as
// padding is, are folded into "00 x 71".
std::vector<std::string> hex_rows(ByteView octets);

// Sixteen octets a row after their offset, and the same as characters, as network analysers show them.
std::vector<std::string> hex_dump(ByteView octets);

}  // namespace client
