#include "common/net/proxy_header.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <netinet/in.h>
#include <string_view>

namespace net {
namespace {

using std::unexpected;

constexpr std::array<std::uint8_t, 12> kSignature = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                                     0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
constexpr std::string_view kVersion1 = "PROXY";  // §2.1: a line of text
constexpr std::size_t kCommandAt = 12, kFamilyAt = 13, kLengthAt = 14;
constexpr std::uint8_t kVersion = 2;
enum Command : std::uint8_t { kLocal, kProxy };
enum Family : std::uint8_t { kUnspecified, kInet, kInet6, kUnix, kFamilies };
enum Protocol : std::uint8_t { kAny, kStream, kDatagram, kProtocols };
constexpr std::array<std::size_t, kFamilies> kAddresses = {0, 12, 36, 216};  // octets of both, ports included

bool begins_alike(ByteView octets, const auto& text) {
  const std::size_t count = std::min<std::size_t>(octets.size(), text.size());
  return std::equal(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(count), text.begin(),
                    [](std::uint8_t a, auto b) { return a == static_cast<std::uint8_t>(b); });
}

// One end of two: both addresses come first, then both ports.
SocketAddress end_of(ByteView addresses, std::size_t which, bool v4) {
  const std::size_t width = v4 ? 4 : 16;
  const std::uint8_t* const host = &addresses[which * width];
  const std::uint8_t* const port = &addresses[2 * width + 2 * which];
  sockaddr_storage storage{};
  if (v4) {
    auto& address = reinterpret_cast<sockaddr_in&>(storage);
    address.sin_family = AF_INET;
    std::memcpy(&address.sin_addr, host, width);
    std::memcpy(&address.sin_port, port, sizeof address.sin_port);
    return SocketAddress::from(storage, sizeof address);
  }
  auto& address = reinterpret_cast<sockaddr_in6&>(storage);
  address.sin6_family = AF_INET6;
  std::memcpy(&address.sin6_addr, host, width);
  std::memcpy(&address.sin6_port, port, sizeof address.sin6_port);
  return SocketAddress::from(storage, sizeof address);
}

}  // namespace

std::expected<ProxyHeader, const char*> parse_proxy_header(ByteView octets) {
  if (!begins_alike(octets, kSignature)) {
    if (!begins_alike(octets, kVersion1)) return unexpected("no header of the PROXY protocol");
    if (octets.size() >= kVersion1.size())
      return unexpected("version 1 of the PROXY protocol; version 2 is needed: send-proxy-v2");
  }
  if (octets.size() > kCommandAt && octets[kCommandAt] >> 4 != kVersion)
    return unexpected("a version of the PROXY protocol that is not 2");
  ProxyHeader header;
  if (octets.size() < ProxyHeader::kFixed) return header;

  const std::uint8_t command = octets[kCommandAt] & 0x0f;
  const std::uint8_t family = octets[kFamilyAt] >> 4;
  const std::uint8_t protocol = octets[kFamilyAt] & 0x0f;
  const std::size_t length = static_cast<std::size_t>(octets[kLengthAt] << 8 | octets[kLengthAt + 1]);
  header.size += length;
  if (header.size > ProxyHeader::kLongest) return unexpected("a PROXY header of more than 4096 octets");
  if (command > kProxy) return unexpected("a PROXY header with a command that is not LOCAL or PROXY");
  if (command == kProxy) {  // of LOCAL all that follows is to be ignored
    if (family >= kFamilies || protocol >= kProtocols)
      return unexpected("a PROXY header with an unknown family or transport");
    if (length < kAddresses[family]) return unexpected("a PROXY header that is too short for its addresses");
  }
  if (octets.size() < header.size || command == kLocal || protocol != kStream) return header;
  if (family == kInet || family == kInet6) {
    const ByteView addresses = octets.subspan(ProxyHeader::kFixed, kAddresses[family]);
    header.ends = {end_of(addresses, 0, family == kInet), end_of(addresses, 1, family == kInet)};
  }
  return header;
}

}  // namespace net
