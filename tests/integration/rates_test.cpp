// How much one client may ask, and how often it may connect: what comes beyond, on every leg, and that it is
// the one who floods who pays for it.
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/integration/extended_error.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/raw_client.h"
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

// From 127.0.0.2: a TLS connection that has its ClientHello on its way and is then reset.
void knock(const net::Endpoint& endpoint, ByteView hello) {
  const net::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const net::SocketAddress from = net::SocketAddress::parse("127.0.0.2", 0).value();
  REQUIRE(bind(socket.get(), from.get(), from.size()) == 0);
  if (connect(socket.get(), endpoint.address.get(), endpoint.address.size()) != 0) return;
  static_cast<void>(send(socket.get(), hello.data(), hello.size(), MSG_NOSIGNAL));
  const linger reset{1, 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

}  // namespace

TEST_CASE("who asks too much over TLS or TCP is refused, and told why") {
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, {"--max-qps-per-client", "2"});
  ClientLeg client(proxy, leg);
  const dns::Message reply = first_beyond(client);
  CHECK(reply.header.rcode == dns::rcode::REFUSED);
  CHECK(extended_error_in(reply).code == dns::ede::PROHIBITED);
  CHECK(extended_error_in(reply).text == "more than --max-qps-per-client");
}

TEST_CASE("who asks too much over UDP gets a truncated answer, and an answer over TCP") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, kWithUdp + Arguments{"--max-qps-per-client", "2"});
  ClientLeg client(proxy, Transport::udp);
  const dns::Message reply = first_beyond(client);
  CHECK(reply.header.rcode == dns::rcode::NOERROR);
  CHECK(reply.header.tc);
  CHECK(reply.answers.empty());
  CHECK(ClientLeg(proxy, Transport::tcp).ask(query()).header.rcode == dns::rcode::NOERROR);
}

TEST_CASE("a flood of handshakes from one address is cut off, and another address is served beside it") {
  constexpr int kKnocks = 200;
  constexpr int kLimit = 10;
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls,
              Arguments{"--max-handshakes-per-client", std::to_string(kLimit)} + kWithMetrics);
  const Scraper scraper(proxy);
  const net::Endpoint& endpoint = proxy.endpoint(Transport::tls);
  const Bytes hello = RawClient(endpoint).client_hello();
  DotConnection before = proxy.connect(Transport::tls);
  const auto begin = Clock::now();
  for (int i = 0; i < kKnocks; ++i) knock(endpoint, hello);
  const std::string refused =
      R"(dot_proxy_client_refused_total{transport="tls",rule="max_handshakes_per_client"})";
  // A burst of two seconds' worth, and what the bucket got meanwhile.
  const auto seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const double least = kKnocks - kLimit * (2 + seconds) - 1;
  CHECK(least > 0);
  CHECK(scraper.samples_once(refused, least)[refused] >= least);
  CHECK(before.ask(query()).header.rcode == dns::rcode::NOERROR);
  CHECK(proxy.connect(Transport::tls).ask(query()).header.rcode == dns::rcode::NOERROR);
  CHECK(proxy.process().error_output().find("--max-handshakes-per-client") != std::string::npos);
}
