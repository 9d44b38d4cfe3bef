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

// RFC 6891 §6.1.2: the RDATA is options, each a code, a length and as many octets, and nothing else.
void skip_options(WireReader& reader, std::size_t length) {
  WireReader options = reader.window(length);
  while (!options.at_end()) {
    options.u16();
    options.bytes(options.u16());
  }
  reader.close(options);
}

// TSIG and SIG(0), which covers type 0, sign a message if they end it (RFC 8945 §5.1, RFC 2931 §3.1).
bool can_sign(std::uint16_t type, ByteView rdata) {
  return type == type::TSIG || (type == type::SIG && rdata.size() >= 2 && rdata[0] == 0 && rdata[1] == 0);
}

enum class Section { answer_or_authority, additional };

void inspect_records(WireReader& reader, unsigned count, Section section, MessageView& view) {
  for (; count > 0 && reader.ok(); --count) {
    const std::size_t start = reader.offset();
    skip_name(reader);
    const std::uint16_t type = reader.u16();
    const std::uint16_t klass = reader.u16();
    const std::uint32_t ttl = reader.u32();
    const std::uint16_t length = reader.u16();
    if (!reader.ok()) return;
    if (type == type::OPT) {
      // RFC 6891 §6.1.1: one OPT in a message, in the additional section, its name a single zero octet.
      if (section != Section::additional || view.bytes[start] != 0)
        return reader.fail_at(start, WireFault::misplaced_opt);
      if (view.opt) return reader.fail_at(start, WireFault::duplicate_opt);
      const std::size_t rdata_offset = reader.offset();
      skip_options(reader, length);
      const auto version = static_cast<std::uint8_t>(ttl >> 16);
      const auto extended_rcode = static_cast<std::uint8_t>(ttl >> 24);
      view.opt = OptView{start, rdata_offset, reader.offset(), klass, version, extended_rcode};
      view.is_signed = false;
      continue;
    }
    const ByteView rdata = reader.bytes(length);
    view.is_signed = section == Section::additional && can_sign(type, rdata);
  }
}

}  // namespace

std::uint16_t MessageView::rcode() const {
  return static_cast<std::uint16_t>((opt ? opt->extended_rcode << 4 : 0) | header.rcode);
}

// A message's first name is never compressed: there is no name before it that a pointer could mean.
ByteView MessageView::qname() const {
  return question.empty() ? ByteView() : question.first(question.size() - kTypeAndClass);
}

Expected<MessageView> inspect(ByteView wire) {
  WireReader reader(wire);
  MessageView view{.bytes = wire, .header = decode_header(reader)};
  inspect_questions(reader, view);
  inspect_records(reader, view.header.ancount, Section::answer_or_authority, view);
  inspect_records(reader, view.header.nscount, Section::answer_or_authority, view);
  inspect_records(reader, view.header.arcount, Section::additional, view);
  if (!reader.at_end()) reader.fail(WireFault::trailing_bytes, 0, reader.remaining());
  if (!reader.ok()) return std::unexpected(reader.error());
  return view;
}

bool answers(const MessageView& answer, const MessageView& query) {
  if (!answer.header.qr || answer.header.opcode != query.header.opcode) return false;
  if (answer.header.qdcount != query.header.qdcount || answer.question.size() != query.question.size())
    return false;
  if (answer.qtype != query.qtype || answer.qclass != query.qclass) return false;
  // Only the name is compared case-blind; type 65 (0x41) is not type 97 (0x61).
  return equal_ignoring_case(answer.qname(), query.qname());
}

}  // namespace dns
