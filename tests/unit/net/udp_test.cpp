#include "common/net/udp.h"

#include <array>
#include <poll.h>
#include <sys/socket.h>

#include "common/net/net_error.h"
#include "common/net/stream.h"
#include "common/net/udp_listener.h"
#include "tests/support/catch.h"

using namespace std::chrono_literals;
using net::Deadline;
using net::SocketAddress;
using net::UdpSocket;

namespace {

// A bound socket that plays the server, or a stranger.
struct Bound {
  net::UniqueFd fd{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  SocketAddress address;

  Bound() {
    const auto any = SocketAddress::parse("127.0.0.1", 0).value();
    REQUIRE(bind(fd.get(), any.get(), any.size()) == 0);
    address = SocketAddress::of_socket(fd.get());
  }
  void send_to(const SocketAddress& to, std::string_view text) const {
    REQUIRE(sendto(fd.get(), text.data(), text.size(), 0, to.get(), to.size()) >= 0);
  }
};

ByteView octets(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string received(UdpSocket& socket, std::span<std::uint8_t> buffer) {
  const auto size = socket.receive(buffer, Deadline::in(2s));
  return size ? std::string(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*size)) : "nothing";
}

bool machine_has_ipv6() {
  const net::UniqueFd fd(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto loopback = SocketAddress::parse("::1", 0).value();
  return fd.valid() && bind(fd.get(), loopback.get(), loopback.size()) == 0;
}

}  // namespace

TEST_CASE("a datagram goes to the peer and one comes back", "[udp]") {
  const Bound server;
  UdpSocket client = UdpSocket::connect(server.address);
  client.send(octets("ask"), Deadline::in(2s));

  char text[16];
  sockaddr_storage from{};
  socklen_t from_size = sizeof from;
  REQUIRE(recvfrom(server.fd.get(), text, sizeof text, 0, reinterpret_cast<sockaddr*>(&from), &from_size) ==
          3);
  server.send_to(SocketAddress::from(from, from_size), "answer");

  std::array<std::uint8_t, 64> buffer;
  CHECK(received(client, buffer) == "answer");
}

TEST_CASE("a datagram from another port than the peer's is never seen", "[udp]") {
  const Bound server;
  const Bound stranger;
  UdpSocket client = UdpSocket::connect(server.address);
  const SocketAddress own = SocketAddress::of_socket(client.fd());
  stranger.send_to(own, "forged");
  server.send_to(own, "true");

  std::array<std::uint8_t, 64> buffer;
  CHECK(received(client, buffer) == "true");
}

TEST_CASE("an empty datagram is a datagram", "[udp]") {
  const Bound server;
  UdpSocket client = UdpSocket::connect(server.address);
  server.send_to(SocketAddress::of_socket(client.fd()), "");
  std::array<std::uint8_t, 64> buffer;
  CHECK(received(client, buffer).empty());
}

TEST_CASE("when nothing comes, receive returns at its deadline", "[udp]") {
  const Bound server;
  UdpSocket client = UdpSocket::connect(server.address);
  std::array<std::uint8_t, 64> buffer;
  const auto start = Deadline::Clock::now();
  CHECK_FALSE(client.receive(buffer, Deadline::in(30ms)));
  const auto waited = Deadline::Clock::now() - start;
  CHECK(waited >= 30ms);
  CHECK(waited < 1s);
}

TEST_CASE("a port where nobody listens is refused", "[udp]") {
  SocketAddress nobody;
  {
    const Bound short_lived;
    nobody = short_lived.address;
  }
  UdpSocket client = UdpSocket::connect(nobody);
  client.send(octets("ask"), Deadline::in(2s));
  std::array<std::uint8_t, 64> buffer;
  try {
    client.receive(buffer, Deadline::in(2s));
    FAIL("no error came");
  } catch (const net::NetError& error) {
    CHECK(error.kind() == net::NetError::Kind::refused);
  }
}

TEST_CASE("a listener on all addresses tells which of them a datagram was sent to") {
  const auto [any, mine] =
      GENERATE(table<const char*, const char*>({{"0.0.0.0", "127.0.0.2"}, {"::", "::1"}}));
  if (std::string_view(mine) == "::1" && !machine_has_ipv6()) {  // as in Docker's containers
    WARN("there is no IPv6 here: tried with IPv4 alone");
    return;
  }
  net::UdpListener listener(SocketAddress::parse(any, 0).value());
  const SocketAddress bound = SocketAddress::of_socket(listener.fd());
  const SocketAddress asked = SocketAddress::parse(mine, bound.port()).value();
  UdpSocket::connect(asked).send(Bytes{1}, Deadline::in(5s));
  net::wait_for(listener.fd(), POLLIN, Deadline::in(5s), "wait for the datagram");
  const auto received = listener.receive();
  REQUIRE(received.size() == 1);
  CHECK(received[0].path->asked(bound).to_string() == asked.to_string());
}
