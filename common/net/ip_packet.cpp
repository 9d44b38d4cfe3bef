#include "common/net/ip_packet.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <netinet/in.h>

namespace net {
namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kHopLimit = 64;
// RFC 9293 §3.1: flags.
constexpr std::uint8_t kFin = 0x01;
constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kPush = 0x08;
constexpr std::uint8_t kAck = 0x10;

constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kTcpHeader = 20;
constexpr std::size_t kMostOctets = 65535 - kIpv4Header - kTcpHeader;  // of a stream in one packet

template <typename Number>
void put(Bytes& to, Number value) {  // big-endian
  for (std::size_t i = sizeof value; i-- > 0;) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void put(Bytes& to, ByteView octets) {
  to.insert(to.end(), octets.begin(), octets.end());
}

void put(Bytes& to, const SocketAddress& address) {
  if (address.family() == AF_INET) {
    in_addr v4;
    std::memcpy(&v4, &reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr, sizeof v4);
    put(to, ByteView(reinterpret_cast<const std::uint8_t*>(&v4), sizeof v4));
  } else {
    put(to, ByteView(reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr.s6_addr, 16));
  }
}

// RFC 1071: the ones' complement of the ones' complement sum.
std::uint16_t checksum(ByteView octets) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < octets.size(); ++i)
    sum += static_cast<std::uint64_t>(octets[i]) << (i % 2 == 0 ? 8 : 0);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

void set(Bytes& octets, std::size_t at, std::uint16_t value) {
  octets[at] = static_cast<std::uint8_t>(value >> 8);
  octets[at + 1] = static_cast<std::uint8_t>(value);
}

Bytes ip_header(const SocketAddress& from, const SocketAddress& to, std::uint8_t protocol, std::size_t size) {
  Bytes header;
  if (from.family() == AF_INET) {  // RFC 791 §3.1
    put(header, std::uint16_t{0x4500});
    put(header, static_cast<std::uint16_t>(kIpv4Header + size));
    put(header, std::uint32_t{0x4000});  // identification 0, don't fragment
    put(header, kHopLimit);
    put(header, protocol);
    put(header, std::uint16_t{0});  // checksum
    put(header, from);
    put(header, to);
    set(header, 10, checksum(header));
  } else {  // RFC 8200 §3
    put(header, std::uint32_t{0x60000000});
    put(header, static_cast<std::uint16_t>(size));
    put(header, protocol);
    put(header, kHopLimit);
    put(header, from);
    put(header, to);
  }
  return header;
}

// Over the pseudo-header, too (RFC 9293 §3.1, RFC 8200 §8.1).
std::uint16_t transport_checksum(const SocketAddress& from, const SocketAddress& to, std::uint8_t protocol,
                                 ByteView segment) {
  Bytes whole;
  put(whole, from);
  put(whole, to);
  put(whole, static_cast<std::uint32_t>(segment.size()));
  put(whole, std::uint32_t{protocol});
  put(whole, segment);
  return checksum(whole);
}

Bytes ip_packet(const SocketAddress& from, const SocketAddress& to, std::uint8_t protocol, ByteView segment) {
  assert(from.family() == to.family());
  Bytes packet = ip_header(from, to, protocol, segment.size());
  put(packet, segment);
  return packet;
}

}  // namespace

Bytes udp_packet(const SocketAddress& from, const SocketAddress& to, ByteView datagram) {
  Bytes segment;
  put(segment, from.port());
  put(segment, to.port());
  put(segment, static_cast<std::uint16_t>(8 + datagram.size()));
  put(segment, std::uint16_t{0});
  put(segment, datagram);
  const std::uint16_t sum = transport_checksum(from, to, kUdp, segment);
  set(segment, 6, sum != 0 ? sum : 0xffff);  // RFC 768: 0 says that there is none
  return ip_packet(from, to, kUdp, segment);
}

Bytes TcpConversation::segment(bool by_opener, std::uint8_t flags, ByteView octets) {
  End& from = ends_[by_opener ? 0 : 1];
  const End& to = ends_[by_opener ? 1 : 0];
  Bytes segment;
  put(segment, from.address.port());
  put(segment, to.address.port());
  put(segment, from.next);
  put(segment, (flags & kAck) != 0 ? to.next : 0);
  put(segment, std::uint8_t{kTcpHeader / 4 << 4});
  put(segment, flags);
  put(segment, std::uint16_t{65535});  // window
  put(segment, std::uint32_t{0});      // checksum, urgent pointer
  put(segment, octets);
  set(segment, 16, transport_checksum(from.address, to.address, kTcp, segment));
  from.next += static_cast<std::uint32_t>(octets.size());
  if ((flags & (kSyn | kFin)) != 0) ++from.next;  // each takes a number of its own
  return ip_packet(from.address, to.address, kTcp, segment);
}

Bytes TcpConversation::syn() {
  return segment(true, kSyn);
}

std::vector<Bytes> TcpConversation::connected() {
  return {segment(false, kSyn | kAck), segment(true, kAck)};
}

std::vector<Bytes> TcpConversation::data(bool by_opener, ByteView octets) {
  std::vector<Bytes> packets;
  while (!octets.empty()) {
    const ByteView piece = octets.first(std::min(octets.size(), kMostOctets));
    packets.push_back(segment(by_opener, kPush | kAck, piece));
    octets = octets.subspan(piece.size());
  }
  return packets;
}

std::vector<Bytes> TcpConversation::closed(bool by_opener) {
  return {segment(by_opener, kFin | kAck), segment(!by_opener, kAck)};
}

}  // namespace net
