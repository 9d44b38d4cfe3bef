#include "proxyserver/watching/capture.h"

#include <cstring>
#include <new>
#include <utility>

#include "common/log.h"
#include "common/net/pcapng.h"
#include "common/tls/codes.h"
#include "common/tls/tls_stream.h"

namespace {

void append_to(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

net::TcpConversation conversation(int fd, const net::SocketAddress& peer, CapturedConnection::Side side) {
  const net::SocketAddress local = net::SocketAddress::of_socket(fd);
  return side == CapturedConnection::Side::connecting ? net::TcpConversation(local, peer)
                                                      : net::TcpConversation(peer, local);
}

// What there is no memory for is missing from the capture, and that is all.
template <typename Work>
void if_memory_lasts(Work work) noexcept {
  try {
    work();
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace

Capture::Capture(const std::string& file) : file_(file) {
  Bytes head =
      net::pcapng::section_header("proxyserver (dns-over-tls)",
                                  "Addresses, ports, octets and times are true; IP and TCP headers made up.");
  append_to(head, net::pcapng::interface_description());
  append(head);
}

void Capture::append(ByteView blocks) noexcept {
  if (file_.append(blocks) || ended_.exchange(true)) return;
  if_memory_lasts([this] {
    logging::write(logging::Level::warning, "capture-ended",
                   logging::field("reason", strerrordesc_np(file_.error())));
  });
}

void Capture::add_secret(std::string_view line) noexcept {
  if_memory_lasts([&] { append(net::pcapng::decryption_secrets(std::string(line) + '\n')); });
}

void Capture::add_datagram(const net::SocketAddress& from, const net::SocketAddress& to,
                           ByteView octets) noexcept {
  if_memory_lasts([&] { add(Clock::now(), {net::udp_packet(from, to, octets)}); });
}

void Capture::add(Clock::time_point when, const std::vector<Bytes>& packets) {
  Bytes blocks;
  for (const Bytes& packet : packets) append_to(blocks, net::pcapng::packet(when, packet));
  append(blocks);
}

CapturedConnection::CapturedConnection(Capture& capture, int fd, const net::SocketAddress& peer, Side side)
    : CapturedConnection(capture, conversation(fd, peer, side), side) {}

CapturedConnection::CapturedConnection(Capture& capture, const net::SocketAddress& client,
                                       const net::SocketAddress& other)
    : CapturedConnection(capture, net::TcpConversation(client, other), Side::accepted) {}

CapturedConnection::CapturedConnection(Capture& capture, const net::TcpConversation& between, Side side)
    : capture_(capture), side_(side), conversation_(between), connected_(side == Side::accepted) {
  std::vector<Bytes> packets = {conversation_.syn()};
  if (connected_)
    for (Bytes& packet : conversation_.connected()) packets.push_back(std::move(packet));
  capture_.add(Capture::Clock::now(), packets);
}

CapturedConnection::~CapturedConnection() {
  closed(true);
}

void CapturedConnection::watch(tls::TlsStream& stream) {
  we_finished_ = peer_finished_ = false;
  stream.watch(*this);
  stream.watch_messages(*this);
}

void CapturedConnection::watch(net::TcpStream& stream) {
  stream.watch(*this);
}

void CapturedConnection::passed(bool sent, tls::Content content, ByteView octets) noexcept {
  if (content != tls::Content::handshake || octets.empty() || octets[0] != tls::handshake::kFinished) return;
  (sent ? we_finished_ : peer_finished_) = true;
  finishing_ = finishing_ || sent;
}

void CapturedConnection::carried(bool sent, ByteView octets) noexcept {
  if_memory_lasts([&] { keep(sent, octets); });
}

void CapturedConnection::keep(bool sent, ByteView octets) {
  const auto now = Capture::Clock::now();
  if (!std::exchange(connected_, true)) capture_.add(now, conversation_.connected());
  release();
  const bool carries_finished = sent && std::exchange(finishing_, false);
  if (we_finished_ && peer_finished_ && !carries_finished) return add(now, sent, octets);
  kept_back_ = {now, sent, Bytes(octets.begin(), octets.end())};
}

void CapturedConnection::add(Capture::Clock::time_point when, bool sent, ByteView octets) {
  capture_.add(when, conversation_.data(sent == (side_ == Side::connecting), octets));
}

void CapturedConnection::release() {
  if (const auto packet = std::exchange(kept_back_, std::nullopt))
    add(packet->when, packet->sent, packet->octets);
}

void CapturedConnection::closed(bool by_us) noexcept {
  if (std::exchange(closed_, true)) return;
  if_memory_lasts([&] {
    release();
    if (connected_)
      capture_.add(Capture::Clock::now(), conversation_.closed(by_us == (side_ == Side::connecting)));
  });
}
