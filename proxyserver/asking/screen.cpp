#include "proxyserver/asking/screen.h"

#include <array>

#include "common/dns/name.h"
#include "common/dns/opt_splice.h"

namespace {

// "resolver.arpa." on the wire.
constexpr std::array<std::uint8_t, 15> kResolverArpa = {8,   'r', 'e', 's', 'o', 'l', 'v', 'e',
                                                        'r', 4,   'a', 'r', 'p', 'a', 0};

bool is_within_resolver_arpa(ByteView name) {
  for (; name.size() >= kResolverArpa.size(); name = name.subspan(1U + name[0]))
    if (dns::equal_ignoring_case(name, kResolverArpa)) return true;
  return false;
}

}  // namespace

Screening screen(ByteView message) {
  using enum Screening::Verdict;
  dns::WireReader reader(message);
  const dns::Header header = dns::decode_header(reader);
  if (!reader.ok() || header.qr) return {hang_up, dns::rcode::NOERROR, {}};
  // Other opcodes have messages of other shapes: DSO's (RFC 8490 §5.4) has no question. So this comes first.
  if (header.opcode != dns::opcode::QUERY) return {answer, dns::rcode::NOTIMP, {}};
  const auto query = dns::inspect(message);
  if (!query || header.qdcount != 1 || !dns::may_splice(*query)) return {answer, dns::rcode::FORMERR, {}};
  if (query->qtype == dns::type::AXFR || query->qtype == dns::type::IXFR)
    return {answer, dns::rcode::NOTIMP, *query};
  if (is_within_resolver_arpa(query->qname())) return {answer, dns::rcode::NOERROR, *query};
  return {forward, dns::rcode::NOERROR, *query};
}
