#include "client/show/hex.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace client {

std::vector<std::string> hex_rows(ByteView octets) {
  const auto differs = [&](std::uint8_t octet) { return octet != octets.front(); };
  if (octets.size() > kOctetsPerRow && std::ranges::none_of(octets, differs))
    return {fmt::format("{:02x} x {}", octets.front(), octets.size())};
  std::vector<std::string> rows;
  for (; !octets.empty(); octets = octets.subspan(std::min(octets.size(), kOctetsPerRow)))
    rows.push_back(
        fmt::format("{:02x}", fmt::join(octets.first(std::min(octets.size(), kOctetsPerRow)), " ")));
  return rows;
}

}  // namespace client
