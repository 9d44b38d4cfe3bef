// The proxy's patience with clients, each kind of it: when it is over the connection is closed, and not
// before.
#include <fmt/format.h>
#include <sys/socket.h>

#include "common/net/net_error.h"
#include "common/net/tcp.h"
#include "tests/support/catch.h"
#include "tests/support/hex.h"
#include "tests/support/lab.h"
#include "tests/support/scrape.h"

using net::Transport;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kLong{30};  // for what comes only after one of the deadlines under test

// How long the peer took to close, from `begin` on.
milliseconds time_to_close(DotConnection& connection, Clock::time_point begin) {
  CHECK(connection.closed_by_peer());
  return std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
}

bool is_counted(Proxy& proxy, Transport leg, const char* reason) {
  const std::string ended = fmt::format(
      R"(dot_proxy_client_connections_ended_total{{transport="{}",reason="{}"}})", to_string(leg), reason);
  return Scraper(proxy).samples_once(ended, 1)[ended] == 1;
}

}  // namespace

TEST_CASE("a client that is silent instead of shaking hands is closed at the handshake's deadline") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tcp, {"--handshake-timeout", "300ms"});
  const std::string first_octets = GENERATE(as<std::string>(), "", "16 03 01 # and no more");
  CAPTURE(first_octets);
  const auto begin = Clock::now();
  DotConnection connection(proxy.endpoint(Transport::tls));  // TCP alone
  if (!first_octets.empty()) connection.send_octets(hex(first_octets));
  std::uint8_t scratch[256];
  try {
    while (connection.stream().read_some(scratch, net::Deadline::in(kPatience)) > 0) {
    }
  } catch (const net::NetError& error) {
    CHECK(error.kind() == net::NetError::Kind::reset);
  }
  CHECK(Clock::now() - begin >= milliseconds(300));
  CHECK(Clock::now() - begin < milliseconds(9000));
}

TEST_CASE("a message that stops half-way is closed at the message's deadline") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tcp,
              Arguments{"--message-timeout", "300ms", "--idle-timeout", "60"} + kWithMetrics);
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  DotConnection connection = proxy.connect(leg);
  const auto begin = Clock::now();
  connection.send_octets(hex("00 20 12 34"));
  const auto time = time_to_close(connection, begin);
  CHECK(time >= milliseconds(300));
  CHECK(time < milliseconds(9000));
  CHECK(is_counted(proxy, leg, "message_timeout"));
}

TEST_CASE("a message that drips does not put its deadline off") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tcp, {"--message-timeout", "400ms", "--idle-timeout", "60"});
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  DotConnection connection = proxy.connect(leg);
  const auto begin = Clock::now();
  // One octet each time the wait for an end of the connection is over: well within any per-octet patience.
  bool closed = false;
  connection.send_octets(hex("40 00"));
  for (int i = 0; i < 100 && !closed; ++i) {
    try {
      connection.send_octets(hex("00"));
      closed = connection.closed_by_peer(net::Deadline::in(milliseconds(50)));
    } catch (const net::NetError&) {
      closed = true;
    }
  }
  CHECK(closed);
  CHECK(Clock::now() - begin >= milliseconds(400));
  CHECK(Clock::now() - begin < milliseconds(9000));
}

TEST_CASE("a client that asks nothing more is closed at the idle deadline, counted from its last answer") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tcp, Arguments{"--idle-timeout", "400ms"} + kWithMetrics);
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  DotConnection connection = proxy.connect(leg);
  const dns::Message reply = connection.ask(make_query("delay-600.a.tag.test.", dns::type::A));
  CHECK(reply.header.rcode == dns::rcode::NOERROR);  // an answer on its way is no idleness
  const auto begin = Clock::now();
  const auto time = time_to_close(connection, begin);
  CHECK(time >= milliseconds(350));  // the answer left the proxy before we took the time
  CHECK(time < milliseconds(9000));
  CHECK(is_counted(proxy, leg, "idle_timeout"));
}

TEST_CASE("a client that never reads is closed at the write deadline") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tcp,
                    {"--write-timeout", "500ms", "--idle-timeout", "60", "--max-connections", "1"});
  DotConnection deaf = proxy.connect(Transport::tcp);
  const int small = 4096;
  REQUIRE(setsockopt(deaf.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small) == 0);
  const auto begin = Clock::now();
  // Four hundred answers of 60 kB: more than the kernel's buffers hold.
  for (std::uint16_t id = 0; id < 400; ++id) deaf.send(make_query("big.example.com.", dns::type::TXT, id));
  // Only when the first client is given up is there room for the second.
  DotConnection other = proxy.connect(Transport::tcp);
  const dns::Message reply = other.ask(make_query("a.tag.test.", dns::type::A), net::Deadline::in(kLong));
  CHECK(reply.header.rcode == dns::rcode::NOERROR);
  CHECK(Clock::now() - begin >= milliseconds(500));
}

TEST_CASE("a client that asks much and never reads does not fill the proxy's memory") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tcp, {"--write-timeout", "6s", "--max-connections", "1"});
  DotConnection deaf = proxy.connect(Transport::tcp);
  const int small = 4096;
  REQUIRE(setsockopt(deaf.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small) == 0);
  const std::size_t before = proxy.process().peak_memory();
  for (std::uint16_t id = 0; id < 3000; ++id)  // 180 MB of answers, for 100 kB of queries
    deaf.send(make_query("big.example.com.", dns::type::TXT, id));
  DotConnection other = proxy.connect(Transport::tcp);
  // Answered when the first client is given up.
  other.ask(make_query("a.tag.test.", dns::type::A), net::Deadline::in(kLong));
  // --max-in-flight answers of the largest size may be under way at once, 64 of 64 kB, in a buffer that
  // doubles as it grows: 8 MB, and as much again while it moves.
  constexpr std::size_t kAllowed = SANITIZED ? 120'000'000 : 17'000'000;  // quarantined and shadow memory
  CHECK(proxy.process().peak_memory() - before < kAllowed);
}
