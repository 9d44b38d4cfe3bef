#include "proxyserver/clients/access.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <fmt/format.h>
#include <netinet/in.h>

#include "common/cli.h"

namespace {

using Octets = std::array<std::uint8_t, 16>;

constexpr unsigned kV4Bits = 96;  // in front of an IPv4 address in its IPv6 form (RFC 4291 §2.5.5.2)

Octets octets_of(const net::SocketAddress& address) {
  Octets octets{};
  if (address.family() == AF_INET) {
    octets[10] = octets[11] = 0xff;
    std::memcpy(&octets[12], &reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr, 4);
  } else {
    std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr, 16);
  }
  return octets;
}

// All but the first `bits` cleared.
Octets masked(Octets octets, unsigned bits) {
  for (unsigned i = 0; i < octets.size(); ++i) {
    const unsigned kept = std::clamp(bits, 8 * i, 8 * i + 8) - 8 * i;
    octets[i] = static_cast<std::uint8_t>(octets[i] & (0xff00U >> kept));
  }
  return octets;
}

bool is_v4(const Octets& octets) {
  static const Octets kAny = octets_of(net::SocketAddress::parse("0.0.0.0", 0).value());
  return masked(octets, kV4Bits) == kAny;
}

}  // namespace

std::expected<Network, std::string> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = net::SocketAddress::parse(text.substr(0, slash), 0);
  if (!address) return std::unexpected(address.error());
  const bool v4 = address->family() == AF_INET;
  const unsigned width = v4 ? 32 : 128;
  unsigned bits = width;
  if (slash != std::string_view::npos) {
    const auto parsed = cli::parse_number(text.substr(slash + 1), 0, static_cast<long>(width));
    if (!parsed) return std::unexpected(fmt::format("prefix length: {}", parsed.error()));
    bits = static_cast<unsigned>(*parsed);
  }
  Network network;
  network.bits_ = bits + (v4 ? kV4Bits : 0);
  network.prefix_ = masked(octets_of(*address), network.bits_);
  if (network.prefix_ != octets_of(*address))
    return std::unexpected(fmt::format("'{}' has bits set behind its prefix", text));
  return network;
}

// An IPv6 network that is wider than all mapped IPv4 addresses is not about those: ::/0 is all of IPv6.
bool Network::contains(const net::SocketAddress& address) const {
  if (bits_ < kV4Bits && is_v4(octets_of(address))) return false;
  return masked(octets_of(address), bits_) == prefix_;
}

AccessList AccessList::private_networks() {
  AccessList list;
  for (const char* text : kPrivateNetworks) list.add(Network::parse(text).value());
  return list;
}

bool AccessList::permits(const net::SocketAddress& address) const {
  return std::ranges::any_of(networks_, [&](const Network& network) { return network.contains(address); });
}

ClientKey client_key(const net::SocketAddress& address) {
  const Octets octets = octets_of(address);
  return is_v4(octets) ? octets : masked(octets, 64);
}
