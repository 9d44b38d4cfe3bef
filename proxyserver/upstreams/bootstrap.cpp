#include "proxyserver/upstreams/bootstrap.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <netinet/in.h>
#include <optional>
#include <sys/random.h>
#include <system_error>

#include "common/dns/codes.h"
#include "common/dns/message.h"
#include "common/net/framing.h"
#include "common/net/net_error.h"
#include "common/net/tcp.h"
#include "common/net/udp.h"

namespace {

constexpr std::chrono::seconds kPerTry{1};
constexpr int kTries = 3;
constexpr std::size_t kPlainUdpSize = 512;  // RFC 1035 §4.2.1: we send no EDNS
constexpr int kMostCnames = 16;

dns::Message make_query(const dns::Name& name, std::uint16_t type) {
  dns::Message query;
  if (getrandom(&query.header.id, sizeof query.header.id, 0) != sizeof query.header.id)
    throw std::system_error(errno, std::generic_category(), "getrandom");
  query.header.rd = true;
  query.questions.push_back({name, type, dns::klass::IN});
  return query;
}

// RFC 5452 §9.1. What is none is passed over: somebody may be guessing.
std::optional<dns::Message> answer_in(ByteView octets, const dns::Message& query) {
  auto answer = dns::decode(octets);
  if (!answer || answer->header.id != query.header.id || !answer->header.qr ||
      answer->header.opcode != query.header.opcode || answer->questions != query.questions)
    return std::nullopt;
  return std::move(*answer);
}

dns::Message ask_by_tcp(const net::SocketAddress& resolver, const dns::Message& query) {
  const auto deadline = net::Deadline::in(kPerTry);
  net::TcpStream stream(net::connect_tcp(resolver, deadline), resolver.to_string());
  net::write_frame(stream, dns::encode(query), deadline);
  net::FrameReader reader;
  while (const auto message = net::read_frame(stream, reader, deadline))
    if (auto answer = answer_in(*message, query)) return std::move(*answer);
  throw net::NetError(net::NetError::Kind::closed, "read from " + resolver.to_string());
}

dns::Message ask(const net::SocketAddress& resolver, const dns::Message& query) {
  const Bytes octets = dns::encode(query);
  std::array<std::uint8_t, kPlainUdpSize> received;
  for (int i = 0; i < kTries; ++i) {
    const auto deadline = net::Deadline::in(kPerTry);
    net::UdpSocket socket = net::UdpSocket::connect(resolver);  // each time from another port
    socket.send(octets, deadline);
    while (const auto size = socket.receive(received, deadline)) {
      auto answer = answer_in(ByteView(received).first(*size), query);
      if (!answer) {  // a flood of them must not keep us
        if (deadline.expired()) break;
        continue;
      }
      return answer->header.tc ? ask_by_tcp(resolver, query) : std::move(*answer);
    }
  }
  throw net::NetError(net::NetError::Kind::timeout, "ask " + resolver.to_string());
}

net::SocketAddress to_address(ByteView octets, std::uint16_t port) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(octets.size() == sizeof(in_addr) ? AF_INET : AF_INET6, octets.data(), text, sizeof text);
  return net::SocketAddress::parse(text, port).value();
}

void add_addresses(const dns::Message& answer, std::uint16_t port, std::vector<net::SocketAddress>& found) {
  dns::Name name = answer.questions[0].name;
  const auto type = answer.questions[0].type;
  for (int i = 0; i < kMostCnames; ++i) {
    std::optional<dns::Name> target;
    for (const dns::Record& record : answer.answers) {
      if (record.owner != name || record.klass != dns::klass::IN) continue;
      if (record.type == type) found.push_back(to_address(record.rdata.wire, port));
      if (record.type == dns::type::CNAME)
        target = dns::Name::parse(dns::rdata_to_text(record.rdata)).value();
    }
    if (!target) return;
    name = *target;
  }
}

}  // namespace

net::Addresses look_up_at(const net::SocketAddress& resolver, const std::string& text, std::uint16_t port) {
  const auto name = dns::Name::parse(text);
  if (!name) return std::unexpected(fmt::format("'{}' is not a name", text));
  std::vector<net::SocketAddress> found;
  std::string reason = "it has no address";
  for (const auto type : {dns::type::A, dns::type::AAAA}) try {
      const dns::Message answer = ask(resolver, make_query(*name, type));
      if (answer.rcode() != dns::rcode::NOERROR)
        reason = fmt::format("{} says {}", resolver.to_string(), dns::rcode_name(answer.rcode()));
      add_addresses(answer, port, found);
    } catch (const std::exception& error) {
      reason = error.what();
    }
  if (found.empty()) return std::unexpected(reason);
  return found;
}
