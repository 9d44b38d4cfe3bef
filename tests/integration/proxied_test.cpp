// Behind a load balancer: the client is the one that the PROXY header names, for whatever looks at clients;
// and nobody is believed but who is on the list.
#include <csignal>
#include <fmt/format.h>
#include <poll.h>

#include "common/net/net_error.h"
#include "tests/support/catch.h"
#include "tests/support/hex.h"
#include "tests/support/lab.h"
#include "tests/support/scrape.h"

using Catch::Matchers::Contains;
using net::Transport;

namespace {

using namespace std::chrono_literals;

const std::string kSignature = "0d0a0d0a000d0a515549540a ";
const Bytes kLocal = hex(kSignature + "20 00 0000");

// By IPv4, from 192.0.2.`host`, port 40000, to 198.51.100.1, port 853; with a TLV that says nothing.
Bytes header_of(unsigned host) {
  return hex(kSignature + fmt::format("21 11 0010 c00002{:02x} c6336401 9c40 0355 04 0001 00", host));
}

const Arguments kProxied = {"--listen",     "proxy+tls://127.0.0.1:0",
                            "--listen",     "proxy+tcp://127.0.0.1:0",
                            "--proxy-from", "127.0.0.0/8"};

dns::Message query() {
  return make_query("a.tag.test.", dns::type::TXT);
}

DotConnection connect(const Proxy& proxy, Transport leg, ByteView header) {
  return DotConnection(proxy.endpoint(leg, true), leg == Transport::tls ? proxy.context() : nullptr, header);
}

bool is_served(const Proxy& proxy, Transport leg, ByteView header) try {
  return connect(proxy, leg, header).ask(query()).rcode() == dns::rcode::NOERROR;
} catch (const std::exception&) {  // closed, or reset, at whatever point
  return false;
}

bool logs(Proxy& proxy, std::string_view text) {
  for (const auto deadline = net::Deadline::in(kPatience); !deadline.expired(); poll(nullptr, 0, 2))
    if (proxy.process().error_output().find(text) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("the client that a PROXY header names is allowed, and stands in query log, trace and capture") {
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  const LabResolver resolver;
  const TempDir files;
  const std::string queries = files.file("queries"), trace = files.file("trace"),
                    capture = files.file("capture");
  Proxy proxy(resolver, Transport::tls,
              kProxied + Arguments{"--allow", "192.0.2.0/24", "--query-log", queries, "--trace", trace,
                                   "--log-level", "debug", "--capture", capture});
  CHECK(is_served(proxy, leg, header_of(7)));
  CHECK_FALSE(is_served(proxy, leg, hex(kSignature + "21 11 000c cb007107 c6336401 9c40 0355")));
  CHECK(logs(proxy, "client-refused client=203.0.113.7:40000 reason=\"not among --allow\""));
  CHECK_FALSE(is_served(proxy, leg, kLocal));  // it is the balancer's own, who may not ask either
  CHECK(logs(proxy, "client-refused client=127.0.0.1:"));
  REQUIRE(proxy.stop() == 0);
  CHECK_THAT(content_of(queries), Contains("query client=192.0.2.7:40000 "));
  CHECK_THAT(content_of(trace), Contains("accepted client=192.0.2.7:40000 listener=proxy+") &&
                                    Contains("query client=192.0.2.7:40000 ") &&
                                    Contains("closed client=192.0.2.7:40000 ") && !Contains("203.0.113.7"));
  CHECK(content_of(capture).find(std::string("\xc0\0\x02\x07\xc6\x33\x64\x01", 8)) != std::string::npos);
}

TEST_CASE(
    "a query in the same segment as its PROXY header is answered, and one whose header comes in pieces") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, kProxied + Arguments{"--allow", "0.0.0.0/0"});
  Bytes together = header_of(7);
  const Bytes message = dns::encode(query());
  together.push_back(0);
  together.push_back(static_cast<std::uint8_t>(message.size()));
  together.insert(together.end(), message.begin(), message.end());
  CHECK(connect(proxy, Transport::tcp, together).read_message().rcode() == dns::rcode::NOERROR);

  DotConnection dripping = connect(proxy, Transport::tcp, {});
  for (const std::uint8_t octet : header_of(7)) {
    dripping.send_octets({&octet, 1});
    poll(nullptr, 0, 1);
  }
  CHECK(dripping.ask(query()).rcode() == dns::rcode::NOERROR);
}

TEST_CASE("a health check behind a PROXY header that says LOCAL counts by its own address") {
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, kProxied + Arguments{"--allow", "127.0.0.1"});
  CHECK(is_served(proxy, leg, kLocal));
  CHECK_FALSE(is_served(proxy, leg, header_of(7)));
}

TEST_CASE("limits count by the client that the PROXY header names, and not by the load balancer") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls,
                    kProxied + Arguments{"--allow", "0.0.0.0/0", "--max-connections-per-client", "2",
                                         "--max-qps-per-client", "2", "--idle-timeout", "60s"});
  std::vector<DotConnection> held;
  for (const unsigned host : {7U, 7U, 8U, 8U, 9U, 9U})
    held.push_back(connect(proxy, Transport::tls, header_of(host)));
  for (DotConnection& one : held) CHECK(one.ask(query()).rcode() == dns::rcode::NOERROR);
  unsigned refused = 0;
  for (int i = 0; i < 9; ++i) held[0].send(query());  // four at once are answered
  for (int i = 0; i < 9; ++i) refused += held[0].read_message().rcode() == dns::rcode::REFUSED ? 1 : 0;
  CHECK(refused > 0);
  CHECK_FALSE(is_served(proxy, Transport::tls, header_of(9)));  // a third connection
  CHECK(is_served(proxy, Transport::tls, header_of(10)));
  held.clear();  // their places are free again, a moment later
  const auto deadline = net::Deadline::in(kPatience);
  while (!is_served(proxy, Transport::tls, header_of(8))) REQUIRE_FALSE(deadline.expired());
}

TEST_CASE("more handshakes than a client of a load balancer may have are closed on") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls,
                    kProxied + Arguments{"--allow", "0.0.0.0/0", "--max-handshakes-per-client", "1"});
  unsigned served = 0;
  for (int i = 0; i < 5; ++i) served += is_served(proxy, Transport::tls, header_of(7)) ? 1 : 0;
  CHECK(served >= 2);
  CHECK(served < 5);
  CHECK(is_served(proxy, Transport::tls, header_of(8)));
}

TEST_CASE("who is not among --proxy-from is closed on, whatever it says") {
  const LabResolver resolver;
  Proxy proxy(
      resolver, Transport::tls,
      Arguments{"--listen", "proxy+tls://127.0.0.1:0", "--proxy-from", "192.0.2.0/24"} + kWithMetrics);
  const Scraper scraper(proxy);
  CHECK_FALSE(is_served(proxy, Transport::tls, header_of(7)));
  CHECK(logs(proxy, "client-refused reason=\"not among --proxy-from\" client=127.0.0.1:"));
  const std::string sample = R"(dot_proxy_client_refused_total{transport="tls",rule="proxy_from"})";
  CHECK(scraper.samples_once(sample, 1)[sample] == 1);
}

TEST_CASE("a connection without a right PROXY header in time is closed, counted and logged") {
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, kProxied + kWithMetrics + Arguments{"--handshake-timeout", "500ms"});
  const Scraper scraper(proxy);
  const Bytes tls_hello = hex("16 0301 0200 01");
  const std::string version_1 = "PROXY TCP4 192.0.2.7 198.51.100.1 40000 853\r\n";
  CHECK_FALSE(is_served(proxy, leg, tls_hello));
  CHECK_FALSE(is_served(proxy, leg, Bytes(version_1.begin(), version_1.end())));
  CHECK(connect(proxy, Transport::tcp, ByteView(header_of(7)).first(20)).closed_by_peer());
  connect(proxy, Transport::tcp, ByteView(header_of(7)).first(20)).stream().close();
  connect(proxy, Transport::tcp, {}).stream().close();
  const std::string sample = R"(dot_proxy_client_refused_total{{transport="{}",rule="proxy_header"}})";
  auto samples =
      scraper.samples_once(fmt::format(fmt::runtime(sample), "tcp"), leg == Transport::tls ? 3 : 5);
  CHECK(samples[fmt::format(fmt::runtime(sample), "tcp")] == (leg == Transport::tls ? 3 : 5));
  CHECK(samples[fmt::format(fmt::runtime(sample), "tls")] == (leg == Transport::tls ? 2 : 0));
  CHECK(samples[R"(dot_proxy_client_connections_accepted_total{transport="tcp"})"] == 0);
  REQUIRE(proxy.stop() == 0);
  const std::string log = proxy.process().error_output();
  CHECK_THAT(log, Contains("client-refused reason=\"no header of the PROXY protocol\" client=127.0.0.1:"));
  CHECK_THAT(log, Contains("reason=\"version 1 of the PROXY protocol; version 2 is needed: send-proxy-v2\""));
  CHECK_THAT(log, Contains("reason=\"no whole PROXY header in time\""));
  CHECK_THAT(log, Contains("reason=\"closed within its PROXY header\""));
  CHECK_THAT(log, !Contains("closed before its"));
}

TEST_CASE("a proxy that is told to stop waits for no PROXY header") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, kProxied);
  DotConnection silent = connect(proxy, Transport::tcp, {});
  DotConnection after =
      connect(proxy, Transport::tcp, header_of(7));  // not allowed: the one before is accepted
  CHECK(after.closed_by_peer());
  proxy.process().signal(SIGTERM);
  CHECK(proxy.process().wait_exit(net::Deadline::in(5s)) == 0);
  CHECK_THAT(proxy.process().error_output(), !Contains("cut-off"));
}
