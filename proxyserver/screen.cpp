#include "proxyserver/screen.h"

Screening screen(ByteView message) {
  using enum Screening::Verdict;
  dns::WireReader reader(message);
  const dns::Header header = dns::decode_header(reader);
  if (!reader.ok() || header.qr) return {hang_up, dns::rcode::NOERROR, {}};
  // Other opcodes have messages of other shapes: DSO's (RFC 8490 §5.4) has no question. So this comes first.
  if (header.opcode != dns::opcode::QUERY) return {refuse, dns::rcode::NOTIMP, {}};
  const auto query = dns::inspect(message);
  if (!query || header.qdcount != 1) return {refuse, dns::rcode::FORMERR, {}};
  if (query->qtype == dns::type::AXFR || query->qtype == dns::type::IXFR)
    return {refuse, dns::rcode::NOTIMP, *query};
  return {forward, dns::rcode::NOERROR, *query};
}
