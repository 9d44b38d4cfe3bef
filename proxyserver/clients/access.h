// Who may ask: a list of networks. A value; read by all threads once it is published (published.h).
#pragma once

#include <array>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/endpoint.h"

// "192.0.2.0/24", "2001:db8::/32", or a single address.
class Network {
 public:
  static std::expected<Network, std::string> parse(std::string_view text);

  // IPv4-mapped IPv6 addresses count as the IPv4 address that they stand for.
  bool contains(const net::SocketAddress& address) const;
  bool operator==(const Network&) const = default;

 private:
  std::array<std::uint8_t, 16> prefix_{};  // IPv4 as ::ffff:a.b.c.d
  unsigned bits_ = 0;                      // of the sixteen octets
};

class AccessList {
 public:
  // Loopback, private, link-local and unique-local addresses: a resolver open to the whole world is a weapon
  // (RFC 5358), and few want one.
  static constexpr std::array kPrivateNetworks = {"127.0.0.0/8",    "10.0.0.0/8",     "172.16.0.0/12",
                                                  "192.168.0.0/16", "169.254.0.0/16", "::1/128",
                                                  "fe80::/10",      "fc00::/7"};
  static AccessList private_networks();

  void add(const Network& network) { networks_.push_back(network); }
  bool empty() const { return networks_.empty(); }
  bool permits(const net::SocketAddress& address) const;
  bool operator==(const AccessList&) const = default;

 private:
  std::vector<Network> networks_;
};

// What one client has, as far as an address tells: an IPv4 address, or an IPv6 network of 64 bits.
using ClientKey = std::array<std::uint8_t, 16>;
ClientKey client_key(const net::SocketAddress& address);
