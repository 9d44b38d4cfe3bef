#include "common/net/endpoint.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>

#include "common/net/net_error.h"
#include "common/net/unique_fd.h"

namespace net {
namespace {

using std::unexpected;

constexpr std::string_view kProxied = "proxy+";

std::uint16_t default_port(Transport transport) {
  return transport == Transport::tls ? 853 : 53;
}

std::expected<std::uint16_t, std::string> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size())
    return unexpected(fmt::format("'{}' is not a port (0 to 65535)", text));
  return port;
}

}  // namespace

std::string complaint_about_name(std::string_view name) {
  if (std::ranges::none_of(name, [](char c) { return static_cast<unsigned char>(c) > 127; })) return {};
  return fmt::format("'{}' is not ASCII: write it as IDNA does, xn--...", name);
}

bool is_host_name(std::string_view text) {
  constexpr std::size_t kMaxName = 253, kMaxLabel = 63;  // RFC 1035 §2.3.4, in text
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > kMaxName) return false;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto may_be_in_label = [&](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  };
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::string_view label = text.substr(begin, text.find('.', begin) - begin);
    if (label.empty() || label.size() > kMaxLabel || !std::ranges::all_of(label, may_be_in_label))
      return false;
    begin += label.size() + 1;
  }
  // inet_aton(3), and so getaddrinfo(3), would take "127.1" and "0x7f000001" for addresses.
  const std::string_view last = text.substr(text.rfind('.') + 1);
  return !std::ranges::all_of(last, is_digit) && !last.starts_with("0x") && !last.starts_with("0X");
}

std::expected<SocketAddress, std::string> SocketAddress::parse(std::string_view host, std::uint16_t port) {
  SocketAddress result;
  const std::string text(host);
  auto& v4 = reinterpret_cast<sockaddr_in&>(result.storage_);
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    result.size_ = sizeof(sockaddr_in);
    return result;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(result.storage_);
  const auto percent = text.find('%');
  if (inet_pton(AF_INET6, text.substr(0, percent).c_str(), &v6.sin6_addr) != 1)
    return unexpected(fmt::format("'{}' is not an IPv4 or IPv6 address", host));
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  result.size_ = sizeof(sockaddr_in6);
  if (percent != std::string::npos) {  // RFC 4007 §11: an interface's name or its index
    const std::string zone = text.substr(percent + 1);
    v6.sin6_scope_id = if_nametoindex(zone.c_str());
    if (v6.sin6_scope_id == 0) {
      const auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), v6.sin6_scope_id);
      if (error != std::errc() || end != zone.data() + zone.size() || v6.sin6_scope_id == 0)
        return unexpected(fmt::format("'{}' is no network interface here", zone));
    }
  }
  return result;
}

SocketAddress SocketAddress::from(const sockaddr_storage& storage, socklen_t length) {
  SocketAddress result;
  result.storage_ = storage;
  result.size_ = length;
  return result;
}

SocketAddress SocketAddress::of_socket(int fd) {
  SocketAddress result;
  result.size_ = sizeof(result.storage_);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&result.storage_), &result.size_) != 0)
    throw NetError::from_errno("read a socket's own address", errno);
  return result;
}

SocketAddress SocketAddress::of_peer(int fd) {
  SocketAddress result;
  result.size_ = sizeof(result.storage_);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&result.storage_), &result.size_) != 0)
    throw NetError::from_errno("read a socket's peer address", errno);
  return result;
}

std::uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(storage_).sin_port);
  return ntohs(reinterpret_cast<const sockaddr_in6&>(storage_).sin6_port);
}

bool SocketAddress::is_loopback() const {
  if (family() == AF_INET)
    return (ntohl(reinterpret_cast<const sockaddr_in&>(storage_).sin_addr.s_addr) >> 24) == 127;
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(storage_).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

// The kernel's own answer: what it sends to itself it sends from the same address. No octet leaves.
bool SocketAddress::is_of_this_machine() const {
  if (is_loopback()) return true;
  const UniqueFd socket(::socket(family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return socket.valid() && connect(socket.get(), get(), size()) == 0 &&
         of_socket(socket.get()).host() == host();
}

std::string SocketAddress::host() const {
  char text[INET6_ADDRSTRLEN] = "?";
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(storage_).sin_addr, text, sizeof text);
    return text;
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage_);
  inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  // glibc shows ::1:8443 as ::0.1.132.67, a form that RFC 4291 §2.5.5.1 deprecates and RFC 5952 §5 has no use
  // for.
  const auto group = [&](int i) { return v6.sin6_addr.s6_addr[i] << 8 | v6.sin6_addr.s6_addr[i + 1]; };
  if (IN6_IS_ADDR_V4COMPAT(&v6.sin6_addr) && group(12) != 0)
    *fmt::format_to_n(text, sizeof text - 1, "::{:x}:{:x}", group(12), group(14)).out = '\0';
  if (v6.sin6_scope_id == 0) return text;
  char zone[IF_NAMESIZE];
  if (if_indextoname(v6.sin6_scope_id, zone) != nullptr) return fmt::format("{}%{}", text, zone);
  return fmt::format("{}%{}", text, v6.sin6_scope_id);
}

std::string SocketAddress::to_string() const {
  if (family() == AF_INET6) return fmt::format("[{}]:{}", host(), port());
  return fmt::format("{}:{}", host(), port());
}

std::string_view to_string(Transport transport) {
  switch (transport) {
    case Transport::tls:
      return "tls";
    case Transport::tcp:
      return "tcp";
    case Transport::udp:
      return "udp";
  }
  return "?";
}

std::string Endpoint::to_string() const {
  return fmt::format("{}{}://{}{}{}", proxied ? kProxied : "", net::to_string(transport), address.to_string(),
                     auth_name.empty() ? "" : "#", auth_name);
}

std::string Uri::to_string() const {
  return fmt::format("{}{}://{}{}{}", proxied ? kProxied : "", net::to_string(transport),
                     address ? address->to_string() : fmt::format("{}:{}", host, port),
                     auth_name.empty() ? "" : "#", auth_name);
}

std::expected<Uri, std::string> parse_uri(std::string_view uri, Transport fallback, std::uint16_t port) {
  // The C functions that look at addresses, zones and names would see what is before it, and nothing else.
  if (uri.find('\0') != std::string_view::npos) return unexpected("a zero octet in an address");
  Uri result;
  result.transport = fallback;
  std::string_view rest = uri;
  if (const auto scheme_end = rest.find("://"); scheme_end != std::string_view::npos) {
    const std::string_view scheme = rest.substr(0, scheme_end);
    if (scheme == "tls")
      result.transport = Transport::tls;
    else if (scheme == "tcp")
      result.transport = Transport::tcp;
    else if (scheme == "udp")
      result.transport = Transport::udp;
    else
      return unexpected(fmt::format("'{}' is not a transport: tls, tcp or udp", scheme));
    rest.remove_prefix(scheme_end + 3);
  }
  if (const auto hash = rest.find('#'); hash != std::string_view::npos) {
    result.auth_name = rest.substr(hash + 1);
    rest = rest.substr(0, hash);
    // An empty name would switch the check off in OpenSSL: it must never get that far.
    if (result.auth_name.empty()) return unexpected(fmt::format("no name after '#' in '{}'", uri));
    if (std::string complaint = complaint_about_name(result.auth_name); !complaint.empty())
      return unexpected(std::move(complaint));
    if (result.transport != Transport::tls)
      return unexpected(fmt::format("'#{}': only tls:// can check a name", result.auth_name));
  }

  std::string_view host = rest;
  std::string_view port_text;
  bool has_port = false;
  if (rest.starts_with('[')) {
    const auto close = rest.find(']');
    if (close == std::string_view::npos) return unexpected(fmt::format("no ']' in '{}'", rest));
    host = rest.substr(1, close - 1);
    const std::string_view tail = rest.substr(close + 1);
    if (!tail.empty() && tail[0] != ':') return unexpected(fmt::format("'{}' after ']' is not a port", tail));
    has_port = !tail.empty();
    if (has_port) port_text = tail.substr(1);
  } else if (const auto colon = rest.find(':'); colon != std::string_view::npos && colon == rest.rfind(':')) {
    host = rest.substr(0, colon);  // exactly one colon: ADDRESS:PORT; more of them: a bare IPv6 address
    port_text = rest.substr(colon + 1);
    has_port = true;
  }
  result.port = port != 0 ? port : default_port(result.transport);
  if (has_port) {
    const auto parsed = parse_port(port_text);
    if (!parsed) return unexpected(parsed.error());
    result.port = *parsed;
  }
  const auto address = SocketAddress::parse(host, result.port);
  if (!address && !is_host_name(host)) {
    if (std::string complaint = complaint_about_name(host); !complaint.empty())
      return unexpected(std::move(complaint));
    return unexpected(address.error());
  }
  result.host = address ? address->host() : host;
  if (address) result.address = *address;
  return result;
}

std::expected<Uri, std::string> parse_listener(std::string_view uri) {
  const bool proxied = uri.starts_with(kProxied);
  auto parsed = parse_uri(proxied ? uri.substr(kProxied.size()) : uri);
  if (!parsed) return parsed;
  if (proxied && parsed->transport == Transport::udp)
    return unexpected("the PROXY protocol comes over connections alone: proxy+tls:// or proxy+tcp://");
  parsed->proxied = proxied;
  return parsed;
}

std::expected<Endpoint, std::string> parse_endpoint(std::string_view uri, Transport fallback,
                                                    std::uint16_t port) {
  const auto parsed = parse_uri(uri, fallback, port);
  if (!parsed) return unexpected(parsed.error());
  if (!parsed->address) return unexpected(fmt::format("'{}' is not an IPv4 or IPv6 address", parsed->host));
  return Endpoint{parsed->transport, *parsed->address, parsed->auth_name};
}

}  // namespace net
