#include "common/dns/message_view.h"

#include "common/dns/codes.h"
#include "common/dns/name.h"

namespace dns {
namespace {

constexpr std::size_t kTypeAndClass = 4;  // what follows the name in a question

void inspect_questions(WireReader& reader, MessageView& view) {
  for (unsigned i = 0; i < view.header.qdcount && reader.ok(); ++i) {
    const std::size_t start = reader.offset();
    skip_name(reader);
    const std::uint16_t type = reader.u16();
    const std::uint16_t klass = reader.u16();
    if (i > 0 || !reader.ok()) continue;
    view.question = view.bytes.subspan(start, reader.offset() - start);
    view.qtype = type;
    view.qclass = klass;
  }
}

// The record's fields behind its owner, as far as a forwarder looks at them.
struct Fixed {
  std::uint16_t type;
  std::uint16_t klass;
  std::uint32_t ttl;
  std::uint16_t length;
};

Fixed skip_to_rdata(WireReader& reader) {
  skip_name(reader);
  return {reader.u16(), reader.u16(), reader.u32(), reader.u16()};  // braces evaluate left to right
}

// RFC 6891 §6.1.2: the RDATA is options, each a code, a length and as many octets, and nothing else.
void skip_options(WireReader& reader, std::size_t length) {
  WireReader options = reader.window(length);
  while (!options.at_end()) {
    options.u16();
    options.bytes(options.u16());
  }
  reader.close(options);
}

// RFC 6891 §6.1.1: one OPT in a message, in the additional section, its name a single zero octet.
void inspect_opt(WireReader& reader, std::size_t start, const Fixed& fixed, MessageView& view) {
  if (view.bytes[start] != 0) return reader.fail_at(start, WireFault::misplaced_opt);
  if (view.opt) return reader.fail_at(start, WireFault::duplicate_opt);
  OptView opt;
  opt.offset = start;
  opt.rdata_offset = reader.offset();
  opt.udp_size = fixed.klass;
  opt.version = static_cast<std::uint8_t>(fixed.ttl >> 16);
  skip_options(reader, fixed.length);
  opt.end = reader.offset();
  view.opt = opt;
}

void inspect_records(WireReader& reader, unsigned count) {
  for (; count > 0 && reader.ok(); --count) {
    const std::size_t start = reader.offset();
    const Fixed fixed = skip_to_rdata(reader);
    if (fixed.type == type::OPT) return reader.fail_at(start, WireFault::misplaced_opt);
    reader.bytes(fixed.length);
  }
}

void inspect_additionals(WireReader& reader, MessageView& view) {
  for (unsigned count = view.header.arcount; count > 0 && reader.ok(); --count) {
    const std::size_t start = reader.offset();
    const Fixed fixed = skip_to_rdata(reader);
    view.is_signed = false;  // only the last record can sign what is before it
    if (!reader.ok()) return;
    if (fixed.type == type::OPT) {
      inspect_opt(reader, start, fixed, view);
      continue;
    }
    const ByteView rdata = reader.bytes(fixed.length);
    const bool is_sig0 = fixed.type == type::SIG && rdata.size() >= 2 && rdata[0] == 0 && rdata[1] == 0;
    view.is_signed = fixed.type == type::TSIG || is_sig0;
  }
}

}  // namespace

Expected<MessageView> inspect(ByteView wire) {
  WireReader reader(wire);
  MessageView view;
  view.bytes = wire;
  view.header = decode_header(reader);
  inspect_questions(reader, view);
  inspect_records(reader, view.header.ancount + view.header.nscount);
  inspect_additionals(reader, view);
  if (!reader.at_end()) reader.fail(WireFault::trailing_bytes, 0, reader.remaining());
  if (!reader.ok()) return std::unexpected(reader.error());
  return view;
}

bool answers(const MessageView& answer, const MessageView& query) {
  if (!answer.header.qr || answer.header.opcode != query.header.opcode) return false;
  if (answer.header.qdcount != query.header.qdcount || answer.question.size() != query.question.size())
    return false;
  if (answer.qtype != query.qtype || answer.qclass != query.qclass) return false;
  // A message's first name is never compressed: there is no name before it that a pointer could mean. And
  // only the name is compared case-blind; type 65 (0x41) is not type 97 (0x61).
  if (query.question.empty()) return true;
  const std::size_t name = query.question.size() - kTypeAndClass;
  return equal_ignoring_case(answer.question.first(name), query.question.first(name));
}

}  // namespace dns
