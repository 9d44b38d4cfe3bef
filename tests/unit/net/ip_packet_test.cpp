#include "common/net/ip_packet.h"

#include <utility>

#include "tests/support/catch.h"
#include "tests/support/hex.h"

using net::SocketAddress;
using net::TcpConversation;

namespace {

SocketAddress address(const char* host, std::uint16_t port) {
  return SocketAddress::parse(host, port).value();
}

const SocketAddress kHere = address("192.0.2.1", 40000);
const SocketAddress kThere = address("192.0.2.2", 853);

std::uint32_t word(ByteView octets, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | octets[at + i];
  return value;
}

// RFC 1071: with the checksum among them, the octets add up to all ones.
bool adds_up(Bytes octets, const Bytes& pseudo_header = {}) {
  if (octets.size() % 2 != 0) octets.push_back(0);
  octets.insert(octets.end(), pseudo_header.begin(), pseudo_header.end());
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < octets.size(); i += 2) {
    sum += word(octets, i, 2);
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return sum == 0xffff;
}

// What a receiver would look at before anything else.
void check_ipv4(const Bytes& packet) {
  REQUIRE(packet.size() >= 20);
  CHECK(packet[0] == 0x45);
  CHECK(word(packet, 2, 2) == packet.size());
  CHECK(adds_up(Bytes(packet.begin(), packet.begin() + 20)));
  Bytes pseudo(packet.begin() + 12, packet.begin() + 20);
  const std::size_t length = packet.size() - 20;
  for (const std::size_t octet : {std::size_t{0}, std::size_t{packet[9]}, length >> 8, length & 0xff})
    pseudo.push_back(static_cast<std::uint8_t>(octet));
  CHECK(adds_up(Bytes(packet.begin() + 20, packet.end()), pseudo));
}

struct Segment {
  std::uint32_t from_port, sequence, acknowledged, flags, octets;
  bool operator==(const Segment&) const = default;
};

Segment segment_of(const Bytes& packet) {
  check_ipv4(packet);
  return {word(packet, 20, 2), word(packet, 24, 4), word(packet, 28, 4), packet[33],
          static_cast<std::uint32_t>(packet.size() - 40)};
}

}  // namespace

TEST_CASE("a datagram becomes an IPv4 packet with both checksums right") {
  const Bytes packet = net::udp_packet(kHere, kThere, hex("01020304 05"));
  CHECK(packet == hex("4500 0021 0000 4000 40 11 b6c8 c0000201 c0000202"
                      "9c40 0355 000d d334 0102030405"));
  check_ipv4(packet);
}

TEST_CASE("a UDP checksum of zero is written as all ones, since zero says that there is none") {
  // The ports and lengths being given, one word of data makes the sum what it has to be.
  const Bytes probe = net::udp_packet(kHere, kThere, hex("0000"));
  const auto missing = static_cast<std::uint16_t>(word(probe, 26, 2));
  const Bytes packet = net::udp_packet(
      kHere, kThere, Bytes{static_cast<std::uint8_t>(missing >> 8), static_cast<std::uint8_t>(missing)});
  CHECK(word(packet, 26, 2) == 0xffff);
}

TEST_CASE("a datagram between IPv6 addresses becomes an IPv6 packet with its checksum right") {
  const Bytes packet =
      net::udp_packet(address("2001:db8::1", 40000), address("2001:db8::2", 53), hex("aabbcc"));
  REQUIRE(packet.size() == 40 + 8 + 3);
  CHECK(word(packet, 0, 4) == 0x60000000);
  CHECK(word(packet, 4, 2) == 11);
  CHECK(packet[6] == 17);
  Bytes pseudo(packet.begin() + 8, packet.begin() + 40);
  const Bytes rest = hex("0000000b 00000011");
  pseudo.insert(pseudo.end(), rest.begin(), rest.end());
  CHECK(adds_up(Bytes(packet.begin() + 40, packet.end()), pseudo));
}

TEST_CASE("a TCP conversation counts what both ends have sent, from the handshake to the end") {
  constexpr std::uint32_t kSyn = 0x02, kAck = 0x10, kData = 0x18, kFin = 0x11;
  TcpConversation conversation(kHere, kThere);
  std::vector<Bytes> packets = {conversation.syn()};
  const auto take = [&](const std::vector<Bytes>& more) {
    packets.insert(packets.end(), more.begin(), more.end());
  };
  take(conversation.connected());
  take(conversation.data(true, Bytes(100)));
  take(conversation.data(false, Bytes(7)));
  take(conversation.data(true, Bytes(1)));
  take(conversation.closed(false));
  take(conversation.closed(true));
  std::vector<Segment> segments;
  for (const Bytes& packet : packets) segments.push_back(segment_of(packet));
  CHECK(segments == std::vector<Segment>{{40000, 0, 0, kSyn, 0},
                                         {853, 0, 1, kSyn | kAck, 0},
                                         {40000, 1, 1, kAck, 0},
                                         {40000, 1, 1, kData, 100},
                                         {853, 1, 101, kData, 7},
                                         {40000, 101, 8, kData, 1},
                                         {853, 8, 102, kFin, 0},
                                         {40000, 102, 9, kAck, 0},
                                         {40000, 102, 9, kFin, 0},
                                         {853, 9, 103, kAck, 0}});
}

TEST_CASE("more octets than a packet holds are spread over several, in order and without a gap") {
  TcpConversation conversation(kHere, kThere);
  Bytes octets(150'000);
  for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<std::uint8_t>(i * 7 >> 3);
  Bytes joined;
  std::uint32_t next = 0;
  for (const Bytes& packet : conversation.data(true, octets)) {
    CHECK(packet.size() <= 65535);
    const Segment segment = segment_of(packet);
    CHECK(segment.sequence == next);
    next += segment.octets;
    joined.insert(joined.end(), packet.begin() + 40, packet.end());
  }
  CHECK(joined == octets);
}
