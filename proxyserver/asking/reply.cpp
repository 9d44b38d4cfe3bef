#include "proxyserver/asking/reply.h"

#include <algorithm>

#include "common/dns/codes.h"
#include "common/dns/edns.h"
#include "common/dns/message_view.h"
#include "common/dns/name.h"

namespace {

constexpr std::size_t kMaxText = 240;
constexpr std::size_t kOptFixed = 11;  // an OPT without options: owner, type, size, rcode and flags, length

// The first question's octets, if they can be read.
ByteView readable_question(ByteView query) {
  dns::WireReader reader(query.subspan(dns::kHeaderSize));
  dns::skip_name(reader);
  reader.bytes(4);
  return reader.ok() ? query.subspan(dns::kHeaderSize, reader.offset()) : ByteView();
}

bool has_opt(ByteView query) {
  const auto view = dns::inspect(query);
  return view ? view->opt.has_value() : view.error().fault == dns::WireFault::duplicate_opt;
}

// EXTRA-TEXT goes to a stranger's terminal or log, and parts of it came from the upstream.
std::string printable(std::string text) {
  text.resize(std::min(text.size(), kMaxText));
  std::ranges::replace_if(
      text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

}  // namespace

Bytes error_reply(ByteView query, std::uint16_t rcode, const std::optional<ExtendedError>& error) {
  dns::WireReader reader(query);
  const dns::Header asked = dns::decode_header(reader);
  const ByteView question = asked.qdcount == 1 ? readable_question(query) : ByteView();
  const bool with_opt = has_opt(query);

  dns::Header header;
  header.id = asked.id;
  header.qr = true;
  header.opcode = asked.opcode;
  header.rd = asked.rd;
  header.ra = true;
  header.cd = asked.cd;
  header.rcode = static_cast<std::uint8_t>(rcode & 0x0f);
  header.qdcount = question.empty() ? 0 : 1;
  header.arcount = with_opt ? 1 : 0;
  dns::WireWriter writer;
  dns::encode_header(header, writer);
  writer.bytes(question);
  if (with_opt) {
    dns::Edns edns;
    edns.extended_rcode = static_cast<std::uint8_t>(rcode >> 4);
    if (error) edns.options.push_back(dns::extended_error(error->code, printable(error->text)));
    dns::encode_edns(edns, writer);
  }
  return writer.take();
}

Bytes truncated_reply(const dns::MessageView& answer) {
  dns::Header header = answer.header;
  header.tc = true;
  header.ancount = header.nscount = 0;
  header.arcount = answer.opt ? 1 : 0;
  dns::WireWriter writer;
  dns::encode_header(header, writer);
  writer.bytes(answer.question);
  if (!answer.opt) return writer.take();
  writer.bytes(answer.bytes.subspan(answer.opt->offset, kOptFixed - 2));
  writer.u16(0);  // without its options: they alone may be larger than what the client can take
  return writer.take();
}
