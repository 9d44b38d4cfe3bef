#include "client/server.h"

#include <algorithm>
#include <fmt/format.h>
#include <future>

#include "common/cli.h"
#include "common/net/lookup.h"
#include "common/net/net_error.h"

namespace client {
namespace {

using std::unexpected;

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<net::Transport> transport_named(std::string_view scheme) {
  for (const auto transport : {net::Transport::tls, net::Transport::tcp, net::Transport::udp})
    if (scheme == net::to_string(transport)) return transport;
  return std::nullopt;
}

std::expected<void, std::string> take_port(std::string_view text, ServerText& server) {
  const auto port = cli::parse_number(text, 1, 65535);
  if (!port) return unexpected("port: " + port.error());
  server.port = static_cast<std::uint16_t>(*port);
  return {};
}

// HOST, HOST:PORT, [V6], [V6]:PORT, or a bare V6: more than one colon.
std::expected<void, std::string> take_host(std::string_view text, ServerText& server) {
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return unexpected(fmt::format("no ']' in '{}'", text));
    server.host = text.substr(1, close - 1);
    const std::string_view tail = text.substr(close + 1);
    if (tail.empty()) return {};
    if (tail[0] != ':') return unexpected(fmt::format("'{}' after ']' is not a port", tail));
    return take_port(tail.substr(1), server);
  }
  const auto colon = text.find(':');
  const bool has_port = colon != std::string_view::npos && colon == text.rfind(':');
  server.host = has_port ? text.substr(0, colon) : text;
  return has_port ? take_port(text.substr(colon + 1), server) : std::expected<void, std::string>();
}

}  // namespace

std::expected<ServerText, std::string> parse_server(std::string_view text) {
  ServerText server;
  if (const auto scheme_end = text.find("://"); scheme_end != std::string_view::npos) {
    const std::string_view scheme = text.substr(0, scheme_end);
    server.transport = transport_named(scheme);
    if (!server.transport) return unexpected(fmt::format("'{}' is not a transport: tls, tcp or udp", scheme));
    text.remove_prefix(scheme_end + 3);
  }
  std::expected<void, std::string> taken;
  if (const auto hash = text.find('#'); hash != std::string_view::npos) {
    const std::string_view tail = text.substr(hash + 1);
    text = text.substr(0, hash);
    // An empty name would switch the check off in OpenSSL: it must never get that far.
    if (tail.empty()) return unexpected(std::string("no name after '#'"));
    if (all_digits(tail))
      taken = take_port(tail, server);
    else
      server.auth_name = tail;
  }
  if (taken) taken = take_host(text, server);
  if (!taken) return unexpected(taken.error());
  if (server.host.empty()) return unexpected(std::string("no server after '@'"));
  for (const std::string& name : {server.host, server.auth_name})
    if (std::string complaint = net::complaint_about_name(name); !complaint.empty())
      return unexpected(std::move(complaint));
  const bool needs_address = server.host.find(':') != std::string::npos;
  if (needs_address && !is_address(server.host))
    return unexpected(fmt::format("'{}' is not an IPv6 address", server.host));
  return server;
}

bool is_address(const std::string& host) {
  return net::SocketAddress::parse(host, 0).has_value();
}

bool is_this_machine(std::string_view host) {
  if (const auto address = net::SocketAddress::parse(host, 0)) return address->is_loopback();
  if (host.ends_with('.')) host.remove_suffix(1);
  constexpr std::string_view kLocalhost = "localhost";
  return std::ranges::equal(host, kLocalhost, {}, [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
}

std::vector<net::SocketAddress> addresses_of(const Server& server, int family, net::Deadline deadline) {
  if (const auto numeric = net::SocketAddress::parse(server.host, server.port)) return {*numeric};

  // getaddrinfo() knows no deadline, so it has a thread of its own. Should the time run out that thread is
  // left behind: the process is about to end.
  std::future<net::Addresses> outcome = net::look_up_aside(
      [host = server.host, port = server.port, family] { return net::look_up(host, port, family); });
  if (outcome.wait_until(deadline.when()) != std::future_status::ready)
    throw net::NetError(net::NetError::Kind::timeout, "look up the address of " + server.host);
  const net::Addresses addresses = outcome.get();
  if (!addresses) throw NoAddress(addresses.error());
  return *addresses;
}

}  // namespace client
