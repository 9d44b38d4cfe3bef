#include "client/reverse_name.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include "common/cli.h"

namespace client {
namespace {

std::string reverse_v6(const in6_addr& address) {
  std::string text;
  for (int i = 15; i >= 0; --i)
    text += fmt::format("{:x}.{:x}.", address.s6_addr[i] & 15, address.s6_addr[i] >> 4);
  return text + "ip6.arpa.";
}

// Empty when it is not one to four numbers of an octet each.
std::string reverse_v4(std::string_view address) {
  std::string text = "in-addr.arpa.";
  int octets = 0;
  for (bool more = true; more;) {
    const auto dot = address.find('.');
    const auto octet = cli::parse_number(address.substr(0, dot), 0, 255);
    if (!octet || ++octets > 4) return {};
    text = fmt::format("{}.{}", *octet, text);
    more = dot != std::string_view::npos;
    if (more) address.remove_prefix(dot + 1);
  }
  return text;
}

}  // namespace

std::expected<dns::Name, std::string> reverse_name(std::string_view address) {
  in6_addr v6;
  const bool is_v6 = inet_pton(AF_INET6, std::string(address).c_str(), &v6) == 1;
  const std::string text = is_v6 ? reverse_v6(v6) : reverse_v4(address);
  if (text.empty()) return std::unexpected(fmt::format("'{}' is not an IPv4 or IPv6 address", address));
  return dns::Name::parse(text).value();
}

}  // namespace client
