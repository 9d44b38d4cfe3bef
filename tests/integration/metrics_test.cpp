// proxyserver --metrics: what is on /metrics after queries that are known, /healthz and /ready, and what the
// little HTTP server makes of strangers.
#include <cmath>
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <regex>
#include <set>
#include <sys/socket.h>

#include "common/dns/codes.h"
#include "common/net/tcp.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/groups.h"
#include "tests/support/scrape.h"
#include "tests/support/scripted_upstream.h"

using net::Transport;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

std::uint16_t nobodys_port() {
  const net::UniqueFd socket = net::listen_tcp(net::SocketAddress::parse("127.0.0.1", 0).value(), 1);
  return net::SocketAddress::of_socket(socket.get()).port();
}

std::string file_content(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A query that takes long: a name that the lab's resolver understands.
dns::Message slow_query(int milliseconds) {
  return make_query(fmt::format("delay-{}.www.tag.test.", milliseconds), dns::type::TXT, 7);
}

}  // namespace

TEST_CASE("/metrics tells what was asked over TLS, TCP and UDP, and what became of it") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, kWithUdp + kWithMetrics);
  const Scraper scraper(proxy);
  proxy.connect(Transport::tls).ask(make_query("google.com.", dns::type::A, 1));
  proxy.connect(Transport::tls).ask(make_query("google.com.", dns::type::AAAA, 2));  // resumed
  DotConnection tcp = proxy.connect(Transport::tcp);
  tcp.ask(make_query("nobody.lab.test.", dns::type::A, 3));
  ClientLeg(proxy, Transport::udp).ask(make_query("www.tag.test.", dns::type::TXT, 4));
  dns::Message nothing = make_query("google.com.", dns::type::A, 5);
  nothing.questions.clear();
  CHECK(tcp.ask(nothing).rcode() == dns::rcode::FORMERR);

  auto samples = scraper.samples_once(
      "dot_proxy_client_connections_ended_total{transport=\"tls\",reason=\"client\"}", 2);
  CHECK(samples["dot_proxy_queries_total{transport=\"tls\"}"] == 2);
  CHECK(samples["dot_proxy_queries_total{transport=\"tcp\"}"] == 2);
  CHECK(samples["dot_proxy_queries_total{transport=\"udp\"}"] == 1);
  const auto answers = [&](const char* transport, const char* type, const char* rcode, const char* origin) {
    return samples[fmt::format(
        "dot_proxy_answers_total{{transport=\"{}\",type=\"{}\",rcode=\"{}\",origin=\"{}\"}}", transport, type,
        rcode, origin)];
  };
  CHECK(answers("tls", "A", "NOERROR", "upstream") == 1);
  CHECK(answers("tls", "AAAA", "NOERROR", "upstream") == 1);
  CHECK(answers("udp", "TXT", "NOERROR", "upstream") == 1);
  CHECK(answers("tcp", "other", "FORMERR", "proxy") == 1);
  CHECK(samples["dot_proxy_query_duration_seconds_count{transport=\"tls\"}"] == 2);
  CHECK(samples["dot_proxy_query_duration_seconds_bucket{transport=\"tls\",le=\"+Inf\"}"] == 2);
  CHECK(samples["dot_proxy_query_duration_seconds_sum{transport=\"tls\"}"] > 0);

  CHECK(samples["dot_proxy_client_tls_handshakes_total{kind=\"full\"}"] == 1);
  CHECK(samples["dot_proxy_client_tls_handshakes_total{kind=\"resumed\"}"] == 1);
  CHECK(samples["dot_proxy_client_connections{transport=\"tls\"}"] == 0);
  CHECK(samples["dot_proxy_client_connections{transport=\"tcp\"}"] == 1);
  CHECK(samples["dot_proxy_client_connections_accepted_total{transport=\"tls\"}"] == 2);
  CHECK(samples[fmt::format("dot_proxy_client_tls_connections_total{{version=\"TLSv1.3\",group=\"{}\"}}",
                            preferred_group())] == 2);

  const std::string upstream = fmt::format("{{upstream=\"{}\"", resolver.uri(Transport::tls));
  CHECK(samples["dot_proxy_upstream_answer_duration_seconds_count" + upstream + "}"] == 4);
  CHECK(samples["dot_proxy_upstream_connections_begun_total" + upstream + "}"] == 1);
  CHECK(samples["dot_proxy_upstream_connect_duration_seconds_count" + upstream + "}"] == 1);
  CHECK(samples["dot_proxy_upstream_handshake_duration_seconds_count" + upstream + "}"] == 1);
  CHECK(samples["dot_proxy_upstream_tls_handshakes_total" + upstream + ",kind=\"full\"}"] == 1);
  CHECK(samples["dot_proxy_upstream_connections" + upstream + "}"] == 1);
  CHECK(samples["dot_proxy_upstream_queries_in_flight" + upstream + "}"] == 0);
  CHECK(samples["dot_proxy_upstream_failing" + upstream + "}"] == 0);
  CHECK(samples["dot_proxy_upstream_last_answer_age_seconds" + upstream + "}"] < 60);
  const double now = static_cast<double>(std::time(nullptr));
  CHECK(samples["dot_proxy_upstream_certificate_expiry_timestamp_seconds" + upstream + "}"] > now);
  CHECK(samples["dot_proxy_certificate_expiry_timestamp_seconds"] > now);
  CHECK(samples["process_start_time_seconds"] <= now + 1);
  CHECK(samples["process_resident_memory_bytes"] > 1e6);
  // With and without the scrape's own connection.
  const auto open = static_cast<double>(proxy.process().open_file_count());
  CHECK(std::abs(samples["process_open_fds"] - open) <= 2);
}

TEST_CASE("/metrics tells of an upstream that refuses, and of queries that went to another") {
  const LabResolver resolver;
  const std::string refusing = fmt::format("tls://127.0.0.1:{}#lab.test", nobodys_port());
  Proxy proxy(Arguments{"--upstream", refusing, "--upstream", resolver.uri(Transport::tls), "--upstream-ca",
                        resolver.ca_file()} +
              kWithMetrics);
  const Scraper scraper(proxy);
  CHECK(proxy.connect(Transport::tcp).ask(make_query("google.com.", dns::type::A, 1)).rcode() == 0);
  auto samples = scraper.samples();
  const std::string upstream = fmt::format("{{upstream=\"{}\"", refusing);
  CHECK(samples["dot_proxy_upstream_connections_failed_total" + upstream + ",reason=\"refused\"}"] >= 1);
  CHECK(samples["dot_proxy_upstream_penalties_total" + upstream + "}"] == 1);
  CHECK(samples["dot_proxy_upstream_failing" + upstream + "}"] == 1);
  CHECK(samples["dot_proxy_queries_sent_again_total{cause=\"connection_failed\"}"] == 1);
  CHECK(samples["dot_proxy_queries_failed_over_total"] == 1);
  CHECK_THAT(scraper.content("/ready"), Contains(resolver.uri(Transport::tls)));
}

TEST_CASE("/metrics tells what the proxy ended with SERVFAIL, and why") {
  Proxy proxy(
      Arguments{"--upstream", fmt::format("tcp://127.0.0.1:{}", nobodys_port()), "--query-timeout", "300ms"} +
      kWithMetrics);
  const Scraper scraper(proxy);
  CHECK(proxy.connect(Transport::tcp).ask(make_query("google.com.", dns::type::A, 1)).rcode() ==
        dns::rcode::SERVFAIL);
  auto samples = scraper.samples();
  CHECK(samples["dot_proxy_queries_failed_total{cause=\"unreachable\"}"] == 1);
  CHECK(
      samples["dot_proxy_answers_total{transport=\"tcp\",type=\"A\",rcode=\"SERVFAIL\",origin=\"proxy\"}"] ==
      1);
}

TEST_CASE("/metrics tells of hedged queries, and of those that are in flight") {
  const ScriptedUpstream silent(Transport::tls, [](const auto&) { return Bytes(); });
  Proxy proxy(silent.as_upstream() + Arguments{"--hedge-after", "100ms", "--query-timeout", "1500ms"} +
              kWithMetrics);
  const Scraper scraper(proxy);
  DotConnection client = proxy.connect(Transport::tcp);
  client.send(make_query("google.com.", dns::type::A, 1));
  auto samples = scraper.samples_once("dot_proxy_queries_sent_again_total{cause=\"silent\"}", 1);
  CHECK(samples["dot_proxy_queries_sent_again_total{cause=\"silent\"}"] >= 1);
  double in_flight = 0;
  for (const auto& [name, value] : samples)
    if (name.starts_with("dot_proxy_upstream_queries_in_flight")) in_flight += value;
  CHECK(in_flight >= 1);
}

TEST_CASE("/metrics tells of clients that a rule turns away, and of handshakes that fail") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, kWithMetrics + Arguments{"--max-connections-per-client", "1"});
  const Scraper scraper(proxy);
  {
    const net::UniqueFd noise =
        net::connect_tcp(proxy.endpoint(Transport::tls).address, net::Deadline::in(kPatience));
    REQUIRE(send(noise.get(), "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL) == 18);
    auto samples =
        scraper.samples_once("dot_proxy_client_tls_handshake_failures_total{reason=\"protocol\"}", 1);
    CHECK(samples["dot_proxy_client_tls_handshake_failures_total{reason=\"protocol\"}"] == 1);
  }
  scraper.samples_once("dot_proxy_client_connections_ended_total{transport=\"tls\",reason=\"broken\"}", 1);
  const net::UniqueFd first =
      net::connect_tcp(proxy.endpoint(Transport::tcp).address, net::Deadline::in(kPatience));
  const net::UniqueFd second =
      net::connect_tcp(proxy.endpoint(Transport::tcp).address, net::Deadline::in(kPatience));
  const std::string refused =
      "dot_proxy_client_refused_total{transport=\"tcp\",rule=\"max_connections_per_client\"}";
  CHECK(scraper.samples_once(refused, 1)[refused] >= 1);
}

TEST_CASE(
    "/ready tries an upstream that has not been asked yet, its certificate included, and says why not") {
  const LabResolver resolver;
  {
    Proxy proxy(resolver, Transport::tls, kWithMetrics);
    const Scraper scraper(proxy);
    CHECK(scraper.content("/ready") == resolver.uri(Transport::tls) + " takes connections\n");
    CHECK(scraper.content("/healthz") == "the process answers\n");
  }
  Proxy other_trust(Arguments{"--upstream", resolver.endpoint(Transport::tls).to_string() + "#other.test",
                              "--upstream-ca", resolver.ca_file()} +
                    kWithMetrics);
  const std::string response = Scraper(other_trust).get("/ready");
  CHECK(response.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  CHECK_THAT(response, Contains("name mismatch"));
}

TEST_CASE("while the proxy stops, /ready says so, and the other pages go on") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, kWithMetrics);
  const Scraper scraper(proxy);
  DotConnection client = proxy.connect(Transport::tls);
  client.send(slow_query(1500));
  scraper.samples_once("dot_proxy_queries_total{transport=\"tls\"}", 1);
  proxy.process().signal(SIGTERM);
  CHECK(scraper.samples_once("dot_proxy_draining", 1)["dot_proxy_draining"] == 1);
  CHECK_THAT(scraper.get("/ready"), Contains("503 Service Unavailable") && Contains("the proxy stops"));
  CHECK(client.read_message().rcode() == 0);
}

TEST_CASE("strangers get a status that says what is wrong, and the page afterwards is there") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, kWithMetrics);
  const Scraper scraper(proxy);
  CHECK_THAT(scraper.get("/nothing"), Contains("HTTP/1.1 404 Not Found"));
  CHECK_THAT(scraper.say("POST /metrics HTTP/1.1\r\nHost: a\r\n\r\n"),
             Contains("HTTP/1.1 405 Method Not Allowed") && Contains("\r\nAllow: GET, HEAD\r\n"));
  CHECK_THAT(scraper.say("GET /metrics HTTP/1.1\r\n\r\n"), Contains("HTTP/1.1 400 Bad Request"));
  CHECK_THAT(scraper.say("GET / HTTP/3.0\r\n\r\n"), Contains("HTTP/1.1 505 "));
  CHECK_THAT(scraper.say("GET / HTTP/1.1\r\nX: " + std::string(1'000'000, 'x')), Contains("HTTP/1.1 431 "));
  CHECK_THAT(scraper.say(std::string("\x16\x03\x01\x00\x05hello", 10)), Contains("HTTP/1.1 400 "));
  const std::string head = scraper.say("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK_THAT(head, Contains("200 OK") && Contains("Content-Length: ") && Contains("version=0.0.4"));
  CHECK(head.ends_with("\r\n\r\n"));
  const std::string twice =
      scraper.say("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(twice.find("200 OK") == twice.rfind("200 OK"));  // Connection: close
  CHECK(scraper.content("/healthz") == "the process answers\n");
}

TEST_CASE("forty who connect to the metrics and say nothing hold nobody up") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, kWithMetrics);
  const Scraper scraper(proxy);
  std::vector<net::UniqueFd> silent;
  for (int i = 0; i < 40; ++i)
    silent.push_back(net::connect_tcp(scraper.address(), net::Deadline::in(kPatience)));
  const auto begin = net::Deadline::Clock::now();
  CHECK(scraper.content("/healthz") == "the process answers\n");
  CHECK(net::Deadline::Clock::now() - begin < 4s);  // not when the time of the others is over
}

TEST_CASE("the manual, the dashboard and the alerts name the metrics that there are") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, Arguments{"--cache", "1"} + kWithMetrics);
  const Scraper scraper(proxy);
  proxy.connect(Transport::tls).ask(make_query("google.com.", dns::type::A, 1));
  std::set<std::string> there;
  std::istringstream lines(scraper.content("/metrics"));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("# TYPE ")) there.insert(line.substr(7, line.rfind(' ') - 7));
  REQUIRE(there.size() > 30);

  const auto named_in = [](const std::string& file) {
    std::set<std::string> names;
    const std::regex name("\\b(dot_proxy|process)_[a-z_]+");
    const std::string text = file_content(file);
    REQUIRE_FALSE(text.empty());
    for (std::sregex_iterator it(text.begin(), text.end(), name), end; it != end; ++it) {
      std::string found = it->str();
      for (const char* part : {"_bucket", "_count", "_sum"})
        if (found.ends_with(std::string("_seconds") + part)) found.resize(found.size() - std::strlen(part));
      names.insert(found);
    }
    return names;
  };
  CHECK(named_in(MANUAL) == there);
  for (const char* file : {"/grafana-dashboard.json", "/alerts.yml", "/alerts_test.yml"})
    for (const std::string& name : named_in(std::string(DEPLOY) + file)) {
      CAPTURE(file, name);
      CHECK(there.contains(name));
    }
}
