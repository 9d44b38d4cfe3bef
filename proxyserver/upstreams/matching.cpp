#include "proxyserver/upstreams/matching.h"

#include <cassert>

#include "common/dns/codes.h"

namespace {

constexpr std::uint16_t kLargestWithoutOpt = 15;  // four bits in the header
constexpr std::size_t kUpperBits = 5;             // of the rcode, in the OPT (RFC 6891 §6.1.3)

std::size_t opt_size(const dns::MessageView& message) {
  return message.opt ? message.opt->end - message.opt->offset : 0;
}

bool is_bare_refusal(const dns::MessageView& came, const dns::MessageView& query) {
  return dns::kHeaderSize + query.question.size() + opt_size(came) <= dns::kLargestMessage &&
         came.header.qr && came.header.opcode == query.header.opcode && came.header.qdcount == 0 &&
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

// Of a message that has an OPT, with the upper bits of the rcode in it.
void make_servfail(Bytes& message) {
  const std::size_t upper_bits = dns::inspect(message).value().opt->offset + kUpperBits;
  message[3] = static_cast<std::uint8_t>((message[3] & 0xf0) | dns::rcode::SERVFAIL);
  message[upper_bits] = 0;
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
  if (loses_rcode) make_servfail(made);
  return dns::inspect(made).value();
}
