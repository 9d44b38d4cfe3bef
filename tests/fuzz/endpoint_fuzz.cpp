// The URI of a leg, with each fallback: what is read is written, and what is written reads as the same. And
// the header by which a load balancer says who has connected: whatever comes, no octet beyond it is asked
// for.
#include "common/net/endpoint.h"
#include "common/net/proxy_header.h"
#include "tests/fuzz/fuzz.h"

using fuzz::claim;
using net::Transport;

namespace {

// A name in place of the address, too.
void check_uri(std::string_view text, Transport fallback, std::uint16_t port) {
  const auto uri = net::parse_uri(text, fallback, port);
  if (!uri) return;
  claim(uri->address ? uri->host == uri->address->host() : net::is_host_name(uri->host));
  const auto again = net::parse_uri(uri->to_string());
  claim(again.has_value() && again->to_string() == uri->to_string());
  claim(again->host == uri->host && again->port == uri->port && again->auth_name == uri->auth_name);
}

void check(std::string_view text, Transport fallback, std::uint16_t port) {
  check_uri(text, fallback, port);
  const auto endpoint = net::parse_endpoint(text, fallback, port);
  if (!endpoint) {
    claim(!endpoint.error().empty() && endpoint.error().size() < 4 * text.size() + 100);
    return;
  }
  claim(endpoint->auth_name.empty() || endpoint->transport == Transport::tls);
  claim(endpoint->auth_name.find('\0') == std::string::npos);  // OpenSSL would see less of it than we do
  const std::string uri = endpoint->to_string();
  const auto again = net::parse_endpoint(uri);
  claim(again.has_value() && again->to_string() == uri);
  claim(again->transport == endpoint->transport && again->auth_name == endpoint->auth_name);
  claim(again->address.port() == endpoint->address.port());
  claim(again->address.family() == endpoint->address.family());
  claim(again->address.is_loopback() == endpoint->address.is_loopback());
}

void check_header(ByteView octets) {
  using net::ProxyHeader;
  const auto all = net::parse_proxy_header(octets);
  if (all) claim(all->size >= ProxyHeader::kFixed && all->size <= ProxyHeader::kLongest);
  if (all && all->size <= octets.size()) {  // whole: what comes behind it changes nothing
    const auto alone = net::parse_proxy_header(octets.first(all->size));
    claim(alone.has_value() && alone->size == all->size && alone->ends.has_value() == all->ends.has_value());
    if (all->ends) claim(all->ends->client.to_string() == alone->ends->client.to_string());
    if (all->ends) claim(all->ends->client.family() == all->ends->balancer.family());
  } else if (all) {
    claim(!all->ends);
  }
  // As it would come in: whoever reads as far as it says ends at its last octet, or at the octet that is
  // wrong.
  std::size_t count = 0;
  for (;;) {
    const auto part = net::parse_proxy_header(octets.first(count));
    if (!part) return claim(!all);
    claim(part->size >= count);
    if (part->size == count || count == octets.size()) return claim(all && all->size == part->size);
    count = std::min(part->size, octets.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_header({data, size});
  const std::string_view text = fuzz::as_text({data, size});
  for (const Transport fallback : {Transport::tls, Transport::tcp, Transport::udp}) {
    check(text, fallback, 0);
    check(text, fallback, 8443);
  }
  return 0;
}
