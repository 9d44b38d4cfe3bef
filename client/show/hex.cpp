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

std::vector<std::string> hex_dump(ByteView octets) {
  std::vector<std::string> rows;
  for (std::size_t at = 0; at < octets.size(); at += 16) {
    const ByteView row = octets.subspan(at, std::min<std::size_t>(16, octets.size() - at));
    std::string characters;
    for (const std::uint8_t octet : row)
      characters += octet >= ' ' && octet < 0x7f ? static_cast<char>(octet) : '.';
    rows.push_back(
        fmt::format("{:04x}  {:<48} {}", at, fmt::format("{:02x}", fmt::join(row, " ")), characters));
  }
  return rows;
}

}  // namespace client
