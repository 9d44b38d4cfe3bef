#include "tests/fuzz/scripted_resolver.h"

#include <cerrno>
#include <sys/socket.h>

#include "common/dns/codes.h"
#include "common/dns/message.h"
#include "common/dns/message_view.h"
#include "common/net/tcp.h"
#include "tests/fuzz/steered_stream.h"

namespace fuzz {
namespace {

enum Act : unsigned {
  honest,
  held,
  wrong_id,
  wrong_question,
  twice,
  not_an_answer,
  cut_short,
  bare_refusal,
  too_short,
  half_a_frame,
  closes,
  silence,
  kActs
};

int listener() {
  static const net::UniqueFd fd = net::listen_tcp(net::SocketAddress::parse("127.0.0.1", 0).value(), 1024);
  return fd.get();
}

net::Endpoint endpoint_at(const net::SocketAddress& address) {
  return {.transport = net::Transport::tcp, .address = address, .auth_name = {}};
}

void frame(ByteView message, Bytes& out) {
  out.push_back(static_cast<std::uint8_t>(message.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(message.size()));
  out.insert(out.end(), message.begin(), message.end());
}

// Up to three records, of up to 4,080 octets together, and an OPT with what concerns our hop alone.
Bytes answer_to(const dns::MessageView& query, unsigned variant) {
  dns::Header header = query.header;
  header.qr = header.ra = true;
  header.ancount = variant % 4;
  header.rcode = dns::rcode::NOERROR;
  header.nscount = 0;
  header.arcount = (variant & 4) != 0 ? 1 : 0;
  dns::WireWriter writer;
  dns::encode_header(header, writer);
  writer.bytes(query.question);
  for (unsigned i = 0; i < header.ancount; ++i) {
    writer.u16(0xc00c);
    writer.u16(dns::type::TXT);
    writer.u16(dns::klass::IN);
    writer.u32(300);
    const Bytes text(variant / 8 * 8, std::uint8_t{7});  // each eight octets a string of seven
    writer.u16(static_cast<std::uint16_t>(text.size()));
    writer.bytes(text);
  }
  if (header.arcount != 0)
    dns::encode_edns({.options = {{dns::option::COOKIE, Bytes(16, 1)},
                                  {dns::option::NSID, {'l', 'a', 'b'}},
                                  {dns::option::KEEPALIVE, {0, 100}},
                                  {dns::option::PADDING, Bytes(5)}}},
                     writer);
  return writer.take();
}

// Without the question; of four kinds: alone, signed, and with an OPT that leaves hardly a question room.
Bytes bare_refusal_of(const dns::MessageView& query, unsigned kind) {
  dns::Header header = query.header;
  header.qr = true;
  header.rcode = kind == 0 ? dns::rcode::FORMERR : dns::rcode::SERVFAIL;
  header.qdcount = 0;
  header.arcount = kind < 2 ? 0 : 1;
  dns::WireWriter writer;
  dns::encode_header(header, writer);
  if (header.arcount == 0) return writer.take();
  constexpr std::size_t kOpt = 11, kOption = 4;
  const std::size_t rdata = kind == 2 ? 0 : dns::kLargestMessage - dns::kHeaderSize - kOpt;
  writer.u8(0);  // the root's
  writer.u16(kind == 2 ? dns::type::TSIG : dns::type::OPT);
  writer.u16(kind == 2 ? dns::klass::ANY : 1232);
  writer.u32(0);
  writer.u16(static_cast<std::uint16_t>(rdata));
  if (kind == 2) return writer.take();
  writer.u16(65001);
  writer.u16(static_cast<std::uint16_t>(rdata - kOption));
  writer.bytes(Bytes(rdata - kOption));
  return writer.take();
}

}  // namespace

net::Endpoint ScriptedResolver::endpoint() {
  return endpoint_at(net::SocketAddress::of_socket(listener()));
}

net::Endpoint ScriptedResolver::refusing_endpoint() {
  static const net::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  static const bool bound = [] {
    const auto address = net::SocketAddress::parse("127.0.0.1", 0).value();
    return bind(fd.get(), address.get(), address.size()) == 0;
  }();
  claim(bound);
  return endpoint_at(net::SocketAddress::of_socket(fd.get()));
}

ScriptedResolver::~ScriptedResolver() {
  turn();  // what still waits in the backlog
  for (const Connection& connection : connections_) {
    const linger reset{.l_onoff = 1, .l_linger = 0};
    setsockopt(connection.fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
}

void ScriptedResolver::turn() {
  for (;;) {
    net::UniqueFd fd(accept4(listener(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.valid())
      connections_.push_back({std::move(fd), {}, {}});
    else if (errno != ECONNABORTED && errno != EINTR)
      break;
  }
  for (Connection& connection : connections_) serve(connection);
  for (; !held_.empty(); held_.pop_back()) frame(held_.back().second, held_.back().first->out);
  for (Connection& connection : connections_) {
    const ssize_t sent = connection.out.empty() ? 0
                                                : send(connection.fd.get(), connection.out.data(),
                                                       connection.out.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      octets_sent_ += static_cast<std::size_t>(sent);
      connection.out.erase(connection.out.begin(), connection.out.begin() + sent);
    }
    if (connection.ends && connection.out.empty()) shutdown(connection.fd.get(), SHUT_WR);
  }
}

void ScriptedResolver::serve(Connection& connection) {
  std::uint8_t octets[4096];
  for (;;) {
    const ssize_t got = recv(connection.fd.get(), octets, sizeof octets, 0);
    if (got <= 0) break;
    connection.in.insert(connection.in.end(), octets, octets + got);
  }
  std::vector<ByteView> messages;
  cut(connection.in, messages);
  std::size_t used = 0;
  for (const ByteView message : messages) {
    used += 2 + message.size();
    queries_.emplace_back(message.begin(), message.end());
    if (!connection.ends) act(connection, message);
  }
  connection.in.erase(connection.in.begin(), connection.in.begin() + static_cast<std::ptrdiff_t>(used));
}

void ScriptedResolver::act(Connection& connection, ByteView message) {
  const auto query = dns::inspect(message);
  claim(query.has_value());  // what is no whole query is not forwarded
  const unsigned octet = acts_.octet();
  const unsigned act = octet % kActs;
  const Bytes answer = answer_to(*query, octet / kActs * 8 + octet % 8);
  Bytes other = answer;
  switch (act) {
    case held:
      held_.emplace_back(&connection, answer);
      return;
    case wrong_id:
      other[1] ^= 1;
      break;
    case wrong_question:
      other[other.size() > dns::kHeaderSize + query->question.size()
                ? dns::kHeaderSize + query->question.size() - 1
                : other.size() - 1] ^= 1;
      break;
    case not_an_answer:
      other[2] &= 0x7f;
      break;
    case cut_short:
      other.resize(dns::kHeaderSize + octet % (other.size() - dns::kHeaderSize));
      frame(other, connection.out);
      return;
    case bare_refusal:
      frame(bare_refusal_of(*query, octet / kActs % 4), connection.out);
      return;
    case too_short:
      frame(ByteView(answer).first(octet % dns::kHeaderSize), connection.out);
      return;
    case half_a_frame:
      frame(answer, connection.out);
      connection.out.resize(connection.out.size() - answer.size() / 2);
      connection.ends = true;
      return;
    case closes:
      connection.ends = true;
      return;
    case silence:
      return;
    default:
      break;
  }
  if (act != honest) frame(other, connection.out);
  frame(answer, connection.out);
}

}  // namespace fuzz
