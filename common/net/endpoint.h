// Where a leg begins or ends: `tls://192.0.2.1:853#dns.example`, `tcp://[2001:db8::1]:53`,
// `udp://[fe80::1%eth0]`.
//
// An Endpoint has an address; a Uri may have a name in its place, which has to be looked up first (lookup.h).
// Values; any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace net {

// Names are compared and sent in ASCII (RFC 5890 §2.3.2.1, RFC 6125 §6.4.2, RFC 6066 §3): the complaint about
// one that is not; empty: it is.
std::string complaint_about_name(std::string_view name);

// A name that a machine may have, by its form (RFC 1123 §2.1; underscores, which people use, are let pass):
// "dns.quad9.net", "localhost". What ends in a number is meant as an address.
bool is_host_name(std::string_view text);

// An IPv4 or IPv6 address with port, as the kernel takes it.
class SocketAddress {
 public:
  // `host` is numeric, without brackets; IPv6 may carry a zone id ("fe80::1%eth0"), which must name an
  // interface.
  static std::expected<SocketAddress, std::string> parse(std::string_view host, std::uint16_t port);
  static SocketAddress from(const sockaddr_storage& storage, socklen_t length);
  static SocketAddress of_socket(int fd);  // getsockname(2): the real port behind port 0
  static SocketAddress of_peer(int fd);    // getpeername(2)

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  int family() const { return storage_.ss_family; }
  std::uint16_t port() const;
  bool is_loopback() const;
  bool is_of_this_machine() const;  // what is sent there comes to this machine's own listeners
  std::string host() const;         // "192.0.2.1", "2001:db8::1", "fe80::1%eth0"
  std::string to_string() const;    // with the port: "192.0.2.1:853", "[2001:db8::1]:853"

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

enum class Transport : std::uint8_t { tls, tcp, udp };
std::string_view to_string(Transport transport);

struct Endpoint {
  Transport transport = Transport::tls;
  SocketAddress address;
  std::string auth_name;  // the name the peer's certificate must carry; empty: its address (RFC 8310 §8.1)
  bool proxied =
      false;  // a listener's, proxy+tls://: a header of the PROXY protocol comes first (proxy_header.h)

  std::string to_string() const;  // the URI again, port always written
};

// The same, as people write it.
struct Uri {
  Transport transport = Transport::tls;
  std::string host;                      // an address as SocketAddress::host() has it, or a name
  std::optional<SocketAddress> address;  // nullopt: host is a name
  std::uint16_t port = 0;
  std::string auth_name;
  bool proxied = false;

  std::string to_string() const;  // port always written
};

// `[SCHEME://]HOST[:PORT][#AUTH-NAME]`; IPv6 with a port in brackets. What is left out comes from
// `fallback` (transport) and from the transport (853 for tls, else 53) unless `port` is not 0. The error is
// one clause that quotes the part at fault.
std::expected<Uri, std::string> parse_uri(std::string_view uri, Transport fallback = Transport::tls,
                                          std::uint16_t port = 0);
// The same, and `proxy+tls://` and `proxy+tcp://` besides.
std::expected<Uri, std::string> parse_listener(std::string_view uri);
// The first, of an address.
std::expected<Endpoint, std::string> parse_endpoint(std::string_view uri, Transport fallback = Transport::tls,
                                                    std::uint16_t port = 0);

}  // namespace net
