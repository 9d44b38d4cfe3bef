#include "proxyserver/process/handed_sockets.h"

#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cli.h"

namespace {

using std::unexpected;

constexpr int kFirst = 3;  // SD_LISTEN_FDS_START
constexpr std::uint16_t kPlainDns = 53;

int socket_option(int fd, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

std::expected<net::Endpoint, std::string> endpoint_of(int fd, std::string_view name) {
  const int family = socket_option(fd, SO_DOMAIN);
  if (family != AF_INET && family != AF_INET6) return unexpected("it is no socket of an IP network");
  const net::SocketAddress address = net::SocketAddress::of_socket(fd);
  const bool proxied = name.starts_with("proxy+");
  if (proxied) name.remove_prefix(name.find('+') + 1);
  const bool says_transport = name == "tls" || name == "tcp" || name == "udp";
  if (proxied && name != "tls" && name != "tcp")
    return unexpected("the PROXY protocol comes over connections alone: proxy+tls or proxy+tcp");
  if (socket_option(fd, SO_TYPE) == SOCK_DGRAM) {
    if (says_transport && name != "udp")
      return unexpected(fmt::format("its name is '{}', but it is for datagrams", name));
    if (address.port() == 0) return unexpected("it is bound to no port");
    return net::Endpoint{net::Transport::udp, address, {}};
  }
  if (name == "udp") return unexpected("its name is 'udp', but it is for connections");
  if (socket_option(fd, SO_ACCEPTCONN) != 1)
    return unexpected("it is one connection, not a listener: Accept=no is needed in the .socket unit");
  const bool plain = says_transport ? name == "tcp" : address.port() == kPlainDns;
  return net::Endpoint{plain ? net::Transport::tcp : net::Transport::tls, address, {}, proxied};
}

// The next of names that have colons between them.
std::string_view take_name(std::string_view& names) {
  const std::string_view name = names.substr(0, names.find(':'));
  names.remove_prefix(std::min(names.size(), name.size() + 1));
  return name;
}

}  // namespace

net::UniqueFd HandedSocket::take() const {
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return net::UniqueFd(fd);
}

std::expected<std::vector<HandedSocket>, std::string> handed_sockets() {
  std::vector<HandedSocket> sockets;
  const char* const process = std::getenv("LISTEN_PID");
  const char* const count = std::getenv("LISTEN_FDS");
  if (process == nullptr || count == nullptr || process != std::to_string(getpid())) return sockets;
  const auto number = cli::parse_number(count, 0, 1024);
  if (!number) return unexpected(fmt::format("LISTEN_FDS={}: {}", count, number.error()));
  const char* const given_names = std::getenv("LISTEN_FDNAMES");
  std::string_view names = given_names != nullptr ? given_names : "";
  for (int fd = kFirst; fd < kFirst + *number; ++fd) {
    auto endpoint = endpoint_of(fd, take_name(names));
    if (!endpoint) return unexpected(fmt::format("descriptor {} of LISTEN_FDS: {}", fd, endpoint.error()));
    sockets.push_back({fd, std::move(*endpoint)});
  }
  return sockets;
}
