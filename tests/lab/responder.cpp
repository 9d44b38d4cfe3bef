#include "tests/lab/responder.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "common/dns/codes.h"
#include "tests/lab/tagged.h"

namespace lab {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kAnswerBlock = 468;   // RFC 8467 §4.1
constexpr std::size_t kPlainUdpSize = 512;  // RFC 1035 §4.2.1
constexpr std::uint16_t kOurUdpSize = 1232;

// RFC 7873 §5.2.3: the client's eight octets, and eight made from them, so that we know them again.
Bytes whole_cookie(ByteView client) {
  Bytes cookie(client.begin(), client.end());
  for (const std::uint8_t octet : client) cookie.push_back(static_cast<std::uint8_t>(octet ^ 0x5a));
  return cookie;
}

// What options of the query ask for: our name (RFC 5001), a cookie, and which of the client's neighbours the
// answer is good for: everybody (RFC 7871 §7.2.1). Values that do not have their option's form are passed by.
void answer_options(const dns::Edns& query, dns::Edns& reply) {
  constexpr std::string_view kName = "labresolver";
  if (query.find(dns::option::NSID) != nullptr)
    reply.options.push_back({dns::option::NSID, Bytes(kName.begin(), kName.end())});
  if (const auto* cookie = query.find(dns::option::COOKIE); cookie != nullptr && cookie->value.size() >= 8)
    reply.options.push_back({dns::option::COOKIE, whole_cookie(ByteView(cookie->value).first(8))});
  if (const auto* subnet = query.find(dns::option::CLIENT_SUBNET);
      subnet != nullptr && subnet->value.size() >= 4) {
    reply.options.push_back(*subnet);
    reply.options.back().value[3] = 0;  // the scope
  }
}

// The reply's frame: ID, opcode, RD and CD are the query's (RFC 1035 §4.1.1), an OPT comes with an OPT
// (RFC 6891 §7).
dns::Message begin_reply(const dns::Message& query) {
  dns::Message reply;
  reply.header.id = query.header.id;
  reply.header.qr = true;
  reply.header.opcode = query.header.opcode;
  reply.header.rd = query.header.rd;
  reply.header.cd = query.header.cd;
  reply.header.ra = true;
  reply.questions = query.questions;
  if (query.edns) {
    reply.edns.emplace();
    reply.edns->udp_size = kOurUdpSize;
    reply.edns->dnssec_ok = query.edns->dnssec_ok;
    answer_options(*query.edns, *reply.edns);
  }
  return reply;
}

// What can still be said to one whose message does not parse, or asks not one question: its header back, and
// FORMERR or NOTIMP.
Bytes header_only(const dns::Header& query) {
  dns::Message reply;
  reply.header.id = query.id;
  reply.header.qr = true;
  reply.header.opcode = query.opcode;
  reply.header.rd = query.rd;
  reply.header.rcode = query.opcode == dns::opcode::QUERY ? dns::rcode::FORMERR : dns::rcode::NOTIMP;
  return dns::encode(reply);
}

// `delay-250.www.example.com` → 250 ms. nullopt: a name like any other.
std::optional<milliseconds> delay_in(const dns::Name& name) {
  const ByteView wire = name.wire();
  const std::string_view label(reinterpret_cast<const char*>(wire.data()) + 1, wire[0]);
  constexpr std::string_view kPrefix = "delay-";
  if (!label.starts_with(kPrefix)) return std::nullopt;
  unsigned value = 0;
  const char* const last = label.data() + label.size();
  const auto [end, error] = std::from_chars(label.data() + kPrefix.size(), last, value);
  if (error != std::errc() || end != last || value > 3'600'000) return std::nullopt;
  return milliseconds(value);
}

// RFC 7830 §4: pads if the query was padded; RFC 8467 §4.1: to a multiple of 468 octets.
Bytes encode_padded(dns::Message& reply) {
  reply.edns->options.push_back({dns::option::PADDING, {}});
  const std::size_t size = dns::encode(reply).size();
  const std::size_t padding = dns::padding_length(size, kAnswerBlock);
  if (size + padding > 65535) return dns::encode(reply);
  reply.edns->options.back().value.assign(padding, 0);
  return dns::encode(reply);
}

Bytes encode_for(net::Transport transport, const dns::Message& query, dns::Message reply) {
  const bool padded = query.edns && reply.edns && query.edns->find(dns::option::PADDING) != nullptr;
  if (padded && transport == net::Transport::tls) return encode_padded(reply);
  Bytes wire = dns::encode(reply);
  if (transport != net::Transport::udp) return wire;
  // RFC 6891 §6.2.3: a size below 512 counts as 512. §7: the shortest answer is header, question and OPT.
  const std::size_t limit =
      query.edns ? std::max<std::size_t>(query.edns->udp_size, kPlainUdpSize) : kPlainUdpSize;
  if (wire.size() <= limit) return wire;
  reply.header.tc = true;
  reply.answers.clear();
  reply.authorities.clear();
  reply.additionals.clear();
  return dns::encode(reply);
}

// The header and the OPT, which has the rcode's upper eight bits (RFC 6891 §6.1.3).
void refuse(dns::Message& message, std::uint16_t rcode) {
  message.questions.clear();
  message.answers.clear();
  message.authorities.clear();
  message.header.rcode = rcode & 15;
  if (message.edns) message.edns->extended_rcode = static_cast<std::uint8_t>(rcode >> 4);
}

void spoil(AnswerFault fault, Reply& reply, dns::Message& message) {
  switch (fault) {
    case AnswerFault::duplicate:
      reply.copies = 2;
      break;
    case AnswerFault::wrong_id:
      message.header.id = static_cast<std::uint16_t>(message.header.id + 1);
      break;
    case AnswerFault::wrong_question:
      message.questions[0].name = *dns::Name::parse("not.asked.for.test.");
      break;
    case AnswerFault::formerr:
      refuse(message, dns::rcode::FORMERR);
      message.edns.reset();
      break;
    case AnswerFault::badvers:
      refuse(message, dns::rcode::BADVERS);
      break;
    case AnswerFault::close_mid_frame:
      reply.delivery = Delivery::half_then_close;
      break;
    case AnswerFault::stall_mid_frame:
      reply.delivery = Delivery::half_then_stall;
      break;
    case AnswerFault::reset:
      reply.delivery = Delivery::reset;
      break;
    case AnswerFault::drop:       // there is no reply then
    case AnswerFault::malformed:  // is done to the octets
      break;
  }
}

}  // namespace

std::optional<Reply> Responder::respond(ByteView wire, net::Transport transport, Dice& dice) const {
  dns::WireReader reader(wire);
  const dns::Header header = dns::decode_header(reader);
  if (!reader.ok() || header.qr) return std::nullopt;
  Reply reply;
  reply.delay = delay_;
  const auto query = dns::decode(wire);
  if (!query || query->questions.size() != 1) {
    reply.message = header_only(header);
    return reply;
  }
  if (faults_.reorder.count() > 0)
    reply.delay += milliseconds(std::uniform_int_distribution<long>(0, faults_.reorder.count() - 1)(dice));
  const auto fault = faults_.pick(query->questions[0].name, dice);
  if (fault == AnswerFault::drop) return std::nullopt;
  dns::Message message = answer(*query, reply.delay);
  // RFC 7828 §3.3.2: over TCP alone, to who sent an OPT, asked or not.
  if (faults_.keepalive && message.edns && transport != net::Transport::udp)
    message.edns->options.push_back({dns::option::KEEPALIVE,
                                     {static_cast<std::uint8_t>(*faults_.keepalive >> 8),
                                      static_cast<std::uint8_t>(*faults_.keepalive)}});
  if (fault) spoil(*fault, reply, message);
  reply.message = encode_for(transport, *query, std::move(message));
  if (fault == AnswerFault::malformed) reply.message.resize(reply.message.size() / 2);
  return reply;
}

dns::Message Responder::answer(const dns::Message& query, milliseconds& delay) const {
  dns::Message reply = begin_reply(query);
  const dns::Question& question = query.questions[0];
  if (query.edns &&
      query.edns->version != 0) {  // RFC 6891 §6.1.3: the rcode's upper eight bits are in the OPT
    reply.edns->extended_rcode = dns::rcode::BADVERS >> 4;
  } else if (query.header.opcode != dns::opcode::QUERY || question.type == dns::type::AXFR ||
             question.type == dns::type::IXFR) {
    reply.header.rcode = dns::rcode::NOTIMP;
  } else if (question.klass != dns::klass::IN && question.klass != dns::klass::ANY) {
    reply.header.rcode = dns::rcode::REFUSED;
  } else {
    look_up(question, delay, reply);
  }
  if (reply.header.rcode == dns::rcode::REFUSED && reply.edns)
    reply.edns->options.push_back(
        dns::extended_error(dns::ede::NOT_AUTHORITATIVE, "no zone of labresolver's has that name"));
  return reply;
}

void Responder::look_up(const dns::Question& question, milliseconds& delay, dns::Message& reply) const {
  dns::Question asked = question;
  if (const auto named_delay = delay_in(question.name)) {
    delay += *named_delay;
    asked.name = question.name.parent();
  }
  if (is_tagged(question.name)) {
    if (auto record = tagged_record(question.name, question.type))
      reply.answers.push_back(std::move(*record));
    return;
  }
  Answer found = zone_.lookup(asked);
  for (dns::Record& record : found.answers)
    if (record.owner == asked.name) record.owner = question.name;  // `delay-NNN.` again, and the asker's case
  reply.header.rcode = static_cast<std::uint8_t>(found.rcode);
  reply.answers = std::move(found.answers);
  reply.authorities = std::move(found.authorities);
}

}  // namespace lab
