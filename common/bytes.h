// Octets, owned and viewed: the only two spellings of "some bytes" in this program.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
