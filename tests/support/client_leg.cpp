#include "tests/support/client_leg.h"

#include <stdexcept>
#include <sys/socket.h>

namespace {

std::variant<DotConnection, Datagrams> open(const Proxy& proxy, net::Transport transport) {
  if (transport == net::Transport::udp) return Datagrams(proxy.endpoint(transport));
  return proxy.connect(transport);
}

}  // namespace

ClientLeg::ClientLeg(const Proxy& proxy, net::Transport transport)
    : transport_(transport), peer_(open(proxy, transport)) {}

void ClientLeg::send(ByteView message) {
  std::visit([&](auto& peer) { peer.send(message); }, peer_);
}

void ClientLeg::send(const dns::Message& query) {
  send(ByteView(dns::encode(query)));
}

std::optional<Bytes> ClientLeg::read(net::Deadline deadline) {
  return std::visit([&](auto& peer) { return peer.read(deadline); }, peer_);
}

dns::Message ClientLeg::read_message(net::Deadline deadline) {
  const auto wire = read(deadline);
  if (!wire) throw std::runtime_error("no reply over " + std::string(to_string(transport_)));
  auto message = dns::decode(*wire);
  if (!message) throw std::runtime_error("a reply that does not parse: " + dns::to_string(message.error()));
  return std::move(*message);
}

dns::Message ClientLeg::ask(const dns::Message& query, net::Deadline deadline) {
  send(query);
  return read_message(deadline);
}

std::optional<dns::Message> ClientLeg::next_message(net::Deadline deadline) try {
  return read_message(deadline);
} catch (const std::exception&) {
  if (!deadline.expired()) throw;
  return std::nullopt;
}

void ClientLeg::reset_when_closed() const {
  const linger at_once{1, 0};
  const int fd = std::visit([](const auto& peer) { return peer.fd(); }, peer_);
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}
