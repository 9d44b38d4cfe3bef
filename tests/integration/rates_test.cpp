// How much one client may ask, and how often it may connect: what comes beyond, on every leg, and that it is
// the one who floods who pays for it.
#include <array>
#include <cerrno>
#include <csignal>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/tls/issue/issue.h"
#include "common/tls/issue/raw_peer.h"
#include "tests/integration/extended_error.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/own_network.h"
#include "tests/support/scrape.h"

using net::Transport;

namespace {

using Clock = std::chrono::steady_clock;

dns::Message query() {
  return with_edns(make_query("google.com.", dns::type::A));
}

// Until one is different from the first; the bucket fills while we ask.
dns::Message first_beyond(ClientLeg& client) {
  for (int i = 0; i < 50; ++i) {
    dns::Message reply = client.ask(query());
    if (reply.header.rcode != dns::rcode::NOERROR || reply.header.tc) return reply;
    CHECK(reply.answers.size() == 1);
  }
  FAIL("nothing was refused");
  return {};
}

Bytes client_hello() {
  tls::RawPeer client(tls::RawOptions{});
  client.handshake();
  return client.transmit();
}

// A TCP connection from that address, its ClientHello on its way; it ends in a reset.
net::UniqueFd say_hello(const char* from, const net::Endpoint& endpoint, ByteView hello) {
  const net::SocketAddress source = net::SocketAddress::parse(from, 0).value();
  net::UniqueFd socket(::socket(source.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(bind(socket.get(), source.get(), source.size()) == 0);
  const linger reset{1, 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  if (connect(socket.get(), endpoint.address.get(), endpoint.address.size()) == 0)
    static_cast<void>(send(socket.get(), hello.data(), hello.size(), MSG_NOSIGNAL));
  return socket;
}

// Whether the proxy says an octet of TLS to it. If not, it must have closed the connection.
bool is_answered(const char* from, const net::Endpoint& endpoint, ByteView hello) {
  const net::UniqueFd socket = say_hello(from, endpoint, hello);
  const timeval patience{std::chrono::seconds(kPatience).count(), 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::uint8_t octet = 0;
  const ssize_t count = recv(socket.get(), &octet, 1, 0);
  if (count < 0) REQUIRE(errno == ECONNRESET);
  return count > 0;
}

std::string refused_by(const std::string& rule, Transport transport) {
  return fmt::format(R"(dot_proxy_client_refused_total{{transport="{}",rule="{}"}})",
                     net::to_string(transport), rule);
}

}  // namespace

TEST_CASE("who asks too much over TLS or TCP is refused, and told why") {
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, Arguments{"--max-qps-per-client", "2"} + kWithMetrics);
  const Scraper scraper(proxy);
  ClientLeg client(proxy, leg);
  const dns::Message reply = first_beyond(client);
  CHECK(reply.header.rcode == dns::rcode::REFUSED);
  CHECK(extended_error_in(reply).code == dns::ede::PROHIBITED);
  CHECK(extended_error_in(reply).text == "more than --max-qps-per-client");
  CHECK(scraper.samples()[refused_by("max_qps_per_client", leg)] == 1);
}

TEST_CASE("who asks too much over UDP gets a truncated answer, and an answer over TCP") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, kWithUdp + Arguments{"--max-qps-per-client", "2"} + kWithMetrics);
  const Scraper scraper(proxy);
  ClientLeg client(proxy, Transport::udp);
  const dns::Message reply = first_beyond(client);
  CHECK(reply.header.rcode == dns::rcode::NOERROR);
  CHECK(reply.header.tc);
  CHECK(reply.answers.empty());
  CHECK(scraper.samples()[refused_by("max_qps_per_client", Transport::udp)] == 1);
  CHECK(ClientLeg(proxy, Transport::tcp).ask(query()).header.rcode == dns::rcode::NOERROR);
}

TEST_CASE(
    "a flood of handshakes from one address is closed before any TLS, and others are served beside it") {
  constexpr int kKnocks = 200;
  constexpr int kLimit = 10;
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls,
              Arguments{"--max-handshakes-per-client", std::to_string(kLimit)} + kWithMetrics);
  const Scraper scraper(proxy);
  const net::Endpoint& endpoint = proxy.endpoint(Transport::tls);
  const Bytes hello = client_hello();
  DotConnection before = proxy.connect(Transport::tls);
  const auto begin = Clock::now();
  int answered = 0;
  for (int i = 0; i < kKnocks; ++i) answered += is_answered("127.0.0.2", endpoint, hello) ? 1 : 0;
  // A burst of two seconds' worth, and what the bucket got meanwhile.
  const auto seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const double most = kLimit * (2 + seconds) + 1;
  CHECK(most < kKnocks);
  CHECK(answered >= 2 * kLimit);
  CHECK(answered <= most);
  CHECK(before.ask(query()).header.rcode == dns::rcode::NOERROR);
  CHECK(proxy.connect(Transport::tls).ask(query()).header.rcode == dns::rcode::NOERROR);
  // Those refused never had a thread, and the log does not grow by them.
  auto samples = scraper.samples();
  CHECK(samples[refused_by("max_handshakes_per_client", Transport::tls)] == kKnocks - answered);
  CHECK(samples[R"(dot_proxy_client_connections_accepted_total{transport="tls"})"] <= answered + 2);
  const std::string log = proxy.process().error_output();
  const std::string said = "reason=--max-handshakes-per-client";
  CHECK(log.find(said) != std::string::npos);
  CHECK(log.find(said) == log.rfind(said));
}

TEST_CASE("what SIGHUP brings as the rates of a client counts from the next connection on, on every leg") {
  const LabResolver resolver;
  const TempDir files;
  const std::string config = files.file("proxy.conf");
  tls::write_file(config, "\n", false);
  Proxy proxy(resolver, Transport::tls, kWithUdp + Arguments{"--config", config});
  const net::Endpoint& endpoint = proxy.endpoint(Transport::tls);
  const Bytes hello = client_hello();
  const auto connects = [&] {  // so often, of ten times
    int answered = 0;
    for (int i = 0; i < 10; ++i) answered += is_answered("127.0.0.2", endpoint, hello) ? 1 : 0;
    return answered;
  };
  const auto asks = [&](Transport leg) {
    ClientLeg client(proxy, leg);
    int answered = 0;
    for (int i = 0; i < 10; ++i) answered += client.ask(query()).answers.empty() ? 0 : 1;
    return answered;
  };
  const auto reload = [&](const std::string& lines, const std::string& changed) {
    tls::write_file(config, lines, false);
    proxy.process().signal(SIGHUP);
    for (const auto deadline = net::Deadline::in(kPatience); !deadline.expired(); poll(nullptr, 0, 5))
      if (proxy.process().error_output().find("reloaded by=SIGHUP changed=" + changed) != std::string::npos)
        return;
    FAIL(proxy.process().error_output());
  };
  CHECK(connects() == 10);
  for (const Transport leg : kAllLegs) CHECK(asks(leg) == 10);
  reload("max-handshakes-per-client 1\n", "max-handshakes-per-client");
  CHECK(connects() < 10);
  for (const Transport leg : kAllLegs) CHECK(asks(leg) == 10);
  reload("max-qps-per-client 1\n", "\"max-handshakes-per-client max-qps-per-client\"");
  CHECK(connects() == 10);
  for (const Transport leg : kAllLegs) CHECK(asks(leg) < 10);
}

TEST_CASE("the addresses of an IPv6 network of 64 bits are one client, those of the next one are another") {
  const OwnNetwork network;
  if (!network.entered()) {
    WARN("skipped: only root can have a network of its own");
    return;
  }
  const std::array<const char*, 5> all = {"2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4",
                                          "2001:db8:0:1::1"};
  for (const char* const one : all) network.add(net::SocketAddress::parse(one, 0).value());
  const LabResolver resolver;
  const TempDir files;
  const tls::Identity identity = tls::issue_self_signed({.common_name = "proxy", .names = {"IP:::1"}});
  tls::write_file(files.file("cert.pem"), identity.certificate, false);
  tls::write_file(files.file("key.pem"), identity.key, true);
  const Listening proxy(
      {PROXYSERVER_PROGRAM, "--listen", "tls://[::1]:0", "--upstream", resolver.uri(Transport::tcp), "--cert",
       files.file("cert.pem"), "--key", files.file("key.pem"), "--allow", "2001:db8::/32", "--allow", "::1",
       "--max-handshakes-per-client", "1"},
      1);
  const net::Endpoint& endpoint = proxy.endpoint(Transport::tls);
  const Bytes hello = client_hello();
  int answered = 0;  // two at once, and one for each second that this takes
  for (int i = 0; i < 20; ++i)
    answered += is_answered(all[static_cast<std::size_t>(i) % 4], endpoint, hello) ? 1 : 0;
  CHECK(answered >= 2);
  CHECK(answered < 8);
  CHECK(is_answered(all.back(), endpoint, hello));
}
