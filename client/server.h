// @SERVER: which server to ask. An address, or (the client alone may) a host name that getaddrinfo(3) looks
// up: in clear, by the system's resolver, so an address is the better habit.
#pragma once

#include <expected>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/deadline.h"
#include "common/net/endpoint.h"

namespace client {

// What the text behind the '@' says; what it leaves open comes from other options, or from the transport.
struct ServerText {
  std::optional<net::Transport> transport;
  std::string host;  // numeric without brackets, or a name
  std::optional<std::uint16_t> port;
  std::string auth_name;  // empty: not given
};

// `[SCHEME://]HOST[:PORT][#AUTH-NAME]`, and dig's habit HOST#PORT: digits alone are no name. IPv6 with a port
// in brackets. The error is one clause that quotes the part at fault.
std::expected<ServerText, std::string> parse_server(std::string_view text);

struct Server {
  net::Transport transport = net::Transport::tls;
  std::string host = "127.0.0.1";  // the proxy on this machine
  std::uint16_t port = 8443;
  std::string auth_name = host;  // what a SAN of the certificate must say (RFC 8310 §8.1)
};

bool is_address(const std::string& host);
bool is_this_machine(std::string_view host);  // a loopback address, or "localhost" (RFC 6761 §6.3)

// The name could not be looked up; the reason is getaddrinfo's.
class NoAddress : public std::runtime_error {
 public:
  explicit NoAddress(const std::string& reason) : std::runtime_error(reason) {}
};

// All addresses of the server, in the order to try them; `family` AF_INET or AF_INET6 narrows a name's.
// Throws NoAddress, and NetError::timeout at the deadline.
std::vector<net::SocketAddress> addresses_of(const Server& server, int family, net::Deadline deadline);

}  // namespace client
