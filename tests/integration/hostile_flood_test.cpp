// Floods: what one attacker can send as fast as it will. A bystander is answered as before; nothing grows
// that should not, the log among it.
#include <fmt/format.h>
#include <poll.h>
#include <random>

#include "common/net/net_error.h"
#include "tests/support/bystander.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/hex.h"
#include "tests/support/raw_client.h"

using net::Transport;

namespace {

constexpr std::size_t kLargest = 65535;

void put(Bytes& octets, std::initializer_list<unsigned> values) {
  for (const unsigned value : values) octets.push_back(static_cast<std::uint8_t>(value));
}

// A query's header, its question for the root, and room for more, so many records being promised.
Bytes begin_bomb(unsigned questions, unsigned additional) {
  Bytes octets;
  put(octets, {0x12, 0x34, 0x01, 0x00, questions >> 8, questions, 0, 0, 0, 0, additional >> 8, additional});
  return octets;
}

// Sixty-four kilobytes each that are hard on a parser which follows, counts, or copies what it is told to.
Bytes bomb(const std::string& kind) {
  if (kind == "names, each a pointer to the one before") {
    Bytes octets = begin_bomb(1, 5000);
    put(octets, {0, 0, 1, 0, 1});
    unsigned before = 12;
    for (int i = 0; i < 5000; ++i) {
      const auto here = static_cast<unsigned>(octets.size());
      put(octets, {0xc0 | before >> 8, before & 0xff, 0, 10, 0, 1, 0, 0, 0, 0, 0, 0});
      if (here <= 0x3fff) before = here;  // as far as a pointer reaches
    }
    return octets;
  }
  if (kind == "a question of pointers") {
    Bytes octets = begin_bomb(1, 0);
    for (unsigned at = 10; octets.size() + 2 <= kLargest; at += 2)
      put(octets, {0xc0 | (at >> 8 & 0x3f), at & 0xff});
    return octets;
  }
  if (kind == "an OPT of sixteen thousand options") {
    Bytes octets = begin_bomb(1, 1);
    constexpr unsigned kOptions = 16'000;
    put(octets, {0, 0, 1, 0, 1, 0, 0, 41, 4, 0xd0, 0, 0, 0, 0, kOptions * 4 >> 8, kOptions * 4 & 0xff});
    for (unsigned i = 0; i < kOptions; ++i) put(octets, {0, 3, 0, 0});  // NSID
    return octets;
  }
  if (kind == "five thousand records") {
    Bytes octets = begin_bomb(1, 5000);
    put(octets, {0, 0, 1, 0, 1});
    for (int i = 0; i < 5000; ++i) put(octets, {0xc0, 12, 0, 10, 0, 1, 0, 0, 0, 0, 0, 0});  // NULL, empty
    return octets;
  }
  if (kind == "counts without records") {
    Bytes octets = begin_bomb(0xffff, 0xffff);
    octets.resize(kLargest);
    return octets;
  }
  throw std::logic_error("no such bomb");
}

Bytes nonsense(std::mt19937& dice) {
  Bytes octets(kLargest);
  for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(dice());
  octets[2] &= 0x7f;  // a query: else it is hung up on unread
  return octets;
}

// One frame; true: the connection is still there. Whatever comes back must be a reply to this.
bool send_and_read(DotConnection& connection, const Bytes& message) try {
  connection.send(message);
  const auto reply = connection.read();
  if (reply && (reply->size() < 12 || (*reply)[0] != message[0] || (*reply)[1] != message[1]))
    throw std::runtime_error("a reply to something else");
  return reply.has_value();
} catch (const net::NetError& error) {
  if (error.kind() == net::NetError::Kind::timeout) throw;
  return false;
}

}  // namespace

TEST_CASE("a flood of handshakes disturbs nobody") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls);
  unsigned done = 0;
  check_undisturbed(proxy, [&](net::Deadline end) {
    for (; !end.expired(); ++done) proxy.connect(Transport::tls);
  });
  fmt::print("  {} handshakes\n", done);
  check_welcomed(proxy);
}

TEST_CASE("a flood of ClientHellos whose senders are gone disturbs nobody, nor does it flood the log") {
  const LabResolver resolver;
  // Attacker and bystander have one address here, and this flood can come faster than OpenSSL answers it: the
  // limit of one client would turn the bystander away.
  Proxy proxy(resolver, Transport::tls, {"--max-connections-per-client", "4096"});
  const std::string how = GENERATE(as<std::string>(), "ClientHello", "HTTP", "nonsense");
  CAPTURE(how);
  const net::Endpoint& endpoint = proxy.endpoint(Transport::tls);
  const Bytes octets = how == "ClientHello" ? RawClient(endpoint).client_hello()
                       : how == "HTTP"
                           ? hex("47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a 0d 0a # GET / HTTP/1.1")
                           : hex("16 03 01 ff ff 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a 5a");
  unsigned done = 0;
  check_undisturbed(proxy, [&](net::Deadline end) {
    for (; !end.expired(); ++done) {
      RawClient client(endpoint);
      client.send(octets);
      client.end(done % 2 == 0 ? End::reset : End::fin);
    }
  });
  check_welcomed(proxy);
  const std::string log = proxy.process().error_output();
  fmt::print("  {} connections with {}, {} lines of log\n", done, how, std::ranges::count(log, '\n'));
  CHECK(std::ranges::count(log, '\n') < 30);
}

TEST_CASE("plain HTTP on the TLS port gets an alert, or nothing, and no text") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls);
  DotConnection client(proxy.endpoint(Transport::tls));
  client.send_octets(hex("47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a 0d 0a"));
  Bytes got(64);
  try {
    got.resize(client.stream().read_some(got, net::Deadline::in(kPatience)));
    if (!got.empty()) CHECK(got[0] == 21);  // a record that is an alert
  } catch (const net::NetError& error) {
    CHECK(error.kind() == net::NetError::Kind::reset);
  }
}

TEST_CASE("frames of 64 kB of nonsense are refused, one after the other, and disturb nobody") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls);
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(to_string(leg));
  std::mt19937 dice(1);
  unsigned done = 0;
  check_undisturbed(proxy, [&](net::Deadline end) {
    std::optional<DotConnection> connection;
    for (; !end.expired(); ++done) {
      if (!connection) connection.emplace(proxy.connect(leg));
      if (!send_and_read(*connection, nonsense(dice))) connection.reset();
    }
  });
  fmt::print("  {} frames of nonsense\n", done);
  check_welcomed(proxy);
}

TEST_CASE("messages that are bombs to a parser disturb nobody") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls);
  const std::string kind =
      GENERATE(as<std::string>(), "names, each a pointer to the one before", "a question of pointers",
               "an OPT of sixteen thousand options", "five thousand records", "counts without records");
  CAPTURE(kind);
  const Bytes message = bomb(kind);
  unsigned done = 0;
  check_undisturbed(proxy, [&](net::Deadline end) {
    std::optional<DotConnection> connection;
    for (; !end.expired(); ++done) {
      if (!connection) connection.emplace(proxy.connect(Transport::tcp));
      if (!send_and_read(*connection, message)) connection.reset();
    }
  });
  fmt::print("  {} times {}\n", done, kind);
  check_welcomed(proxy);
}

TEST_CASE("a flood of KeyUpdates, answers to them read or not, disturbs nobody (RFC 8446 §4.6.3)") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, {"--idle-timeout", "2s", "--write-timeout", "2s"});
  const bool ask_back = GENERATE(true, false);
  CAPTURE(ask_back);
  std::vector<RawClient> flooding;
  check_undisturbed(proxy, [&](net::Deadline end) {
    flooding.clear();
    for (int i = 0; i < 4; ++i) flooding.emplace_back(proxy.endpoint(Transport::tls)).handshake();
    while (!end.expired())
      for (RawClient& client : flooding) {
        for (int i = 0; i < 50; ++i) client.tls().key_update(ask_back);
        while (!client.push() && !end.expired()) {
          // The kernel will take more in a moment, the proxy being slower than we are.
          pollfd entry{client.fd(), POLLOUT, 0};
          poll(&entry, 1, 5);
          break;
        }
      }
  });
  check_welcomed(proxy);
  for (RawClient& client : flooding) CHECK(client.ended());  // no message came: its idle time is over
}

TEST_CASE("a flood of renegotiations, none of which is granted, disturbs nobody (RFC 9325 §3.5)") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls);
  unsigned done = 0;
  check_undisturbed(proxy, [&](net::Deadline end) {
    for (; !end.expired(); ++done) {
      RawClient client(proxy.endpoint(Transport::tls), 0x0303);
      client.handshake();
      client.tls().renegotiate();
      client.push();
    }
  });
  fmt::print("  {} renegotiations\n", done);
  check_welcomed(proxy);
}

TEST_CASE("datagrams of every size of nonsense disturb nobody, and hide no good one") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, kWithUdp);
  Datagrams attacker(proxy.endpoint(Transport::udp));
  std::mt19937 dice(1);
  Bytes octets = nonsense(dice);
  octets.resize(65507);
  check_undisturbed(proxy, [&](net::Deadline end) {
    while (!end.expired())
      for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{11}, std::size_t{12},
                                     std::size_t{512}, octets.size()})
        attacker.send(ByteView(octets).first(size));
  });
  Datagrams good(proxy.endpoint(Transport::udp));
  // What the kernel threw away for lack of room, as it may, is asked again.
  std::optional<Bytes> reply;
  for (int i = 0; i < 20 && !reply; ++i) {
    good.send(dns::encode(make_query("good.tag.test.", dns::type::TXT)));
    reply = good.read(net::Deadline::in(std::chrono::milliseconds(500)));
  }
  CHECK(reply.has_value());
}
