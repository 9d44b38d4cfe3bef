#include "proxyserver/upstreams/matching.h"

#include <cassert>

#include "common/dns/codes.h"

namespace {

constexpr std::uint16_t kLargestWithoutOpt = 15;  // four bits in the header
constexpr std::size_t kLargestMessage = 65535;    // RFC 1035 §4.2.2

std::size_t opt_size(const dns::MessageView& message) {
  return message.opt ? message.opt->end - message.opt->offset : 0;
}

bool is_bare_refusal(const dns::MessageView& came, const dns::MessageView& query) {
  return dns::kHeaderSize + query.question.size() + opt_size(came) <= kLargestMessage && came.header.qr &&
         came.header.opcode == query.header.opcode && came.header.qdcount == 0 &&
         came.rcode() != dns::rcode::NOERROR && came.rcode() != dns::rcode::NXDOMAIN;
}

// Records of other types may hold pointers to names, which the question would move.
Bytes with_question(const dns::MessageView& came, const dns::MessageView& query) {
  dns::Header header = came.header;
  header.qdcount = query.header.qdcount;
  header.ancount = header.nscount = 0;
  header.arcount = came.opt ? 1 : 0;
  dns::WireWriter writer;
  dns::encode_header(header, writer);
  writer.bytes(query.question);
  if (came.opt) writer.bytes(came.bytes.subspan(came.opt->offset, opt_size(came)));
  return writer.take();
}

void set_rcode(Bytes& message, std::uint8_t rcode) {
  message[3] = static_cast<std::uint8_t>((message[3] & 0xf0) | rcode);
}

}  // namespace

std::optional<dns::MessageView> answer_for_client(const dns::MessageView& came, const dns::MessageView& query,
                                                  bool client_has_opt, Bytes& made) {
  assert(query.header.qdcount == 1);
  const bool bare = is_bare_refusal(came, query);
  if (!bare && !dns::answers(came, query)) return std::nullopt;
  const bool loses_rcode = !client_has_opt && came.rcode() > kLargestWithoutOpt;
  const bool stays_signed = came.is_signed && (query.is_signed || !bare);
  if (stays_signed || !(bare || loses_rcode)) return came;
  made = bare ? with_question(came, query) : Bytes(came.bytes.begin(), came.bytes.end());
  if (loses_rcode) set_rcode(made, dns::rcode::SERVFAIL);
  return dns::inspect(made).value();
}
