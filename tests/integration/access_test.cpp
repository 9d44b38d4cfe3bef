// Who may ask: those the list permits, each with so many connections (RFC 5358, RFC 7766 §6.2.2).
#include <fmt/format.h>

#include "common/net/net_error.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/scrape.h"
#include "tests/support/scripted_upstream.h"

using Catch::Matchers::Contains;
using net::Transport;

namespace {

using std::chrono::milliseconds;

Bytes plain_answer(const ScriptedUpstream::Seen& query) {
  return dns::encode(answer_to(query.message()));
}

dns::Message query() {
  return make_query("www.example.com.", dns::type::A);
}

// Closed at once, before any TLS: whether that is seen as an end or as a reset is up to timing.
bool is_turned_away(const Proxy& proxy, Transport leg) try {
  DotConnection connection = proxy.connect(leg);
  connection.send(query());
  return connection.closed_by_peer();
} catch (const std::exception&) {
  return true;
}

}  // namespace

TEST_CASE("who is not on the list is closed on, gets no datagram, and nothing of his goes upstream") {
  const ScriptedUpstream upstream(Transport::tcp, plain_answer);
  Proxy proxy(upstream.as_upstream() + kWithUdp + kWithMetrics +
              Arguments{"--allow", "192.0.2.0/24", "--allow", "2001:db8::/32"});
  const Scraper scraper(proxy);
  CHECK(is_turned_away(proxy, Transport::tls));
  CHECK(is_turned_away(proxy, Transport::tcp));
  Datagrams client(proxy.endpoint(Transport::udp));
  for (int i = 0; i < 3; ++i) client.send(dns::encode(query()));
  CHECK_FALSE(client.read(net::Deadline::in(milliseconds(300))).has_value());
  CHECK(upstream.seen().empty());

  auto samples = scraper.samples_once(R"(dot_proxy_client_refused_total{transport="udp",rule="allow"})", 3);
  for (const auto& [transport, times] : {std::pair{"tls", 1}, {"tcp", 1}, {"udp", 3}}) {
    CAPTURE(transport);
    CHECK(
        samples[fmt::format(R"(dot_proxy_client_refused_total{{transport="{}",rule="allow"}})", transport)] ==
        times);
    CHECK(samples[fmt::format(R"(dot_proxy_queries_total{{transport="{}"}})", transport)] == 0);
  }
  REQUIRE(proxy.stop() == 0);
  const std::string log = proxy.process().error_output();
  CHECK_THAT(log, Contains("client-refused transport=udp client=127.0.0.1:") &&
                      Contains("client-refused transport=udp times=2 "));
}

TEST_CASE("who is on the list is served on every leg") {
  const std::string network = GENERATE("127.0.0.1", "127.0.0.0/8", "0.0.0.0/0");
  const ScriptedUpstream upstream(Transport::tcp, plain_answer);
  const Proxy proxy(upstream.as_upstream() + kWithUdp +
                    Arguments{"--allow", "192.0.2.0/24", "--allow", network});
  for (const Transport leg : kAllLegs)
    CHECK(ClientLeg(proxy, leg).ask(query()).header.rcode == dns::rcode::NOERROR);
}

TEST_CASE("a client beyond its number of connections is closed on, and let in again once it has fewer") {
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  const ScriptedUpstream upstream(Transport::tcp, plain_answer);
  const Proxy proxy(upstream.as_upstream() +
                    Arguments{"--max-connections-per-client", "3", "--idle-timeout", "60s"});
  std::vector<DotConnection> allowed;
  for (int i = 0; i < 3; ++i) allowed.push_back(proxy.connect(leg));
  for (DotConnection& connection : allowed)
    REQUIRE(connection.ask(query()).header.rcode == dns::rcode::NOERROR);
  CHECK(is_turned_away(proxy, leg));
  for (DotConnection& connection : allowed)
    CHECK(connection.ask(query()).header.rcode == dns::rcode::NOERROR);

  allowed.pop_back();
  const auto deadline = net::Deadline::in(kPatience);
  while (is_turned_away(proxy, leg) && !deadline.expired()) {
    // The proxy may see the end of the one after the beginning of the other.
  }
  CHECK_FALSE(deadline.expired());
}
