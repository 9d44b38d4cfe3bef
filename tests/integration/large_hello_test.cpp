// A ClientHello that does not fit one packet: with a post-quantum key share it has some 1,500 octets. Each
// part goes out once the proxy has taken the one before.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <fstream>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "tests/support/catch.h"
#include "tests/support/lab.h"
#include "tests/support/raw_client.h"

using net::Transport;

namespace {

constexpr std::size_t kPacket = 1400;  // what a packet surely carries

// Of more than a packet, whatever OpenSSL is here: 120 protocols are offered, "dot" the last.
tls::RawOptions talkative() {
  tls::RawOptions options;
  for (int i = 0; i < 120; ++i) options.alpn.push_back(fmt::format("protocol-{:03}", i));
  options.alpn.emplace_back("dot");
  return options;
}

// Octets that wait in the receive queue of the proxy's end, as /proc/net/tcp tells; nullopt: no such socket.
std::optional<std::size_t> unread_by_proxy(const RawClient& client) {
  const std::uint16_t ours = net::SocketAddress::of_socket(client.fd()).port();
  const std::uint16_t theirs = net::SocketAddress::of_peer(client.fd()).port();
  std::ifstream table("/proc/net/tcp");
  const std::string ends =
      fmt::format(" {0:08X}:{1:04X} {0:08X}:{2:04X} ", htonl(INADDR_LOOPBACK), theirs, ours);
  for (std::string line; std::getline(table, line);) {
    const std::size_t found = line.find(ends);
    if (found == std::string::npos) continue;
    const std::size_t queues = line.find(':', found + ends.size());  // STATE TX:RX
    REQUIRE(queues != std::string::npos);
    return std::stoul(line.substr(queues + 1, 8), nullptr, 16);
  }
  return std::nullopt;
}

// Until the kernel has acknowledged all that we sent, and the proxy has read it.
void await_taken(const RawClient& client) {
  const auto deadline = net::Deadline::in(kPatience);
  for (;;) {
    int unacknowledged = 0;
    REQUIRE(ioctl(client.fd(), SIOCOUTQ, &unacknowledged) == 0);
    if (unacknowledged == 0 && unread_by_proxy(client) == 0u) return;
    REQUIRE_FALSE(deadline.expired());
    poll(nullptr, 0, 1);  // a table of the kernel's cannot be waited for
  }
}

// In parts, each taken before the next is sent; the proxy says nothing until it has all.
void send_hello(RawClient& client, const Bytes& hello, const std::vector<std::size_t>& parts) {
  ByteView rest = hello;
  for (const std::size_t part : parts) {
    client.send(rest.first(part));
    rest = rest.subspan(part);
    await_taken(client);
    pollfd entry{client.fd(), POLLIN, 0};
    CHECK(poll(&entry, 1, 0) == 0);  // neither an answer nor an end
  }
  client.send(rest);
}

void check_served(RawClient& client) {
  client.handshake();
  const Bytes query = dns::encode(make_query("google.com.", dns::type::A, 4660));
  Bytes frame{0, static_cast<std::uint8_t>(query.size())};
  frame.insert(frame.end(), query.begin(), query.end());
  client.send_sealed(frame);
  const Bytes answer = client.read_sealed(2 + 12);
  CHECK(answer[2] == 4660 >> 8);
  CHECK(answer[3] == (4660 & 0xff));
  CHECK((answer[5] & 0x0f) == 0);  // NOERROR
}

}  // namespace

TEST_CASE("a ClientHello of more than 1,400 octets is taken in two segments, wherever it is cut") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls);
  const std::size_t cut = GENERATE(std::size_t{1}, std::size_t{5}, std::size_t{100}, kPacket);
  CAPTURE(cut);
  RawClient client(proxy.endpoint(Transport::tls), talkative());
  const Bytes hello = client.client_hello();
  REQUIRE(hello.size() > kPacket);
  send_hello(client, hello, {cut});
  check_served(client);
}

TEST_CASE("a ClientHello in many small segments is taken within the handshake's deadline") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, {"--handshake-timeout", SANITIZED ? "30s" : "5s"});
  RawClient client(proxy.endpoint(Transport::tls), talkative());
  const Bytes hello = client.client_hello();
  send_hello(client, hello, std::vector<std::size_t>((hello.size() - 1) / 50, 50));
  check_served(client);
}

TEST_CASE("a ClientHello whose second segment does not come ends at the handshake's deadline") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, {"--handshake-timeout", "300ms"});
  RawClient client(proxy.endpoint(Transport::tls), talkative());
  const Bytes hello = client.client_hello();
  client.send(ByteView(hello).first(kPacket));
  CHECK(client.ended());
}
