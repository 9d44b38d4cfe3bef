// Discovery of Designated Resolvers (RFC 9462): proxyserver --announce tells where it takes queries over TLS,
// on every leg, and client --discover finds that out and judges it.
#include <csignal>
#include <fmt/format.h>
#include <poll.h>

#include "common/dns/codes.h"
#include "common/tls/issue/issue.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/scripted_upstream.h"

using Catch::Matchers::Contains;
using net::Transport;

namespace {

const Arguments kAnnounced = kWithUdp + Arguments{"--announce", "localhost"};

ScriptedUpstream resolver() {
  return ScriptedUpstream(Transport::tls, [](const ScriptedUpstream::Seen& query) {
    return dns::encode(answer_to(query.message()));
  });
}

dns::Message question() {
  return make_query("_dns.resolver.arpa.", dns::type::SVCB);
}

// Of an authority that has vouched for nobody here.
std::string stranger(const TempDir& directory) {
  const std::string file = directory.file("stranger.pem");
  tls::write_file(file, tls::issue_self_signed({.common_name = "stranger", .names = {}}).certificate, false);
  return file;
}

Outcome discover(const net::Endpoint& asked, const std::string& ca, const Arguments& extra = {}) {
  return run_client(Arguments{"--discover", "@" + asked.to_string(), "--ca", ca} + extra);
}

// A resolver that names as its designated one what listens at 127.0.0.2, and that port.
ScriptedUpstream elsewhere(std::uint16_t port) {
  return ScriptedUpstream(Transport::tcp, [port](const ScriptedUpstream::Seen& query) {
    dns::Message answer = answer_to(query.message());
    const std::string text = fmt::format("1 localhost. alpn=dot port={} ipv4hint=127.0.0.2", port);
    answer.answers.push_back({answer.questions[0].name, dns::type::SVCB, dns::klass::IN, 300,
                              dns::parse_rdata(dns::type::SVCB, text).value()});
    return dns::encode(answer);
  });
}

net::Endpoint endpoint_of(const ScriptedUpstream& upstream) {
  return net::parse_endpoint(upstream.as_upstream().at(1)).value();
}

// A proxy at every address of this machine, with a certificate for those names.
struct Wide {
  explicit Wide(const std::vector<std::string>& names) {
    const auto identity = tls::issue_self_signed({.common_name = "wide", .names = names});
    tls::write_file(cert, identity.certificate, false);
    tls::write_file(key, identity.key, true);
  }
  TempDir directory;
  std::string cert = directory.file("cert.pem"), key = directory.file("key.pem");
};

Arguments command(const Wide& files) {
  return {PROXYSERVER_PROGRAM, "--listen",   "tls://0.0.0.0:0", "--cert", files.cert, "--key",
          files.key,           "--upstream", "tcp://192.0.2.1"};
}

}  // namespace

TEST_CASE(
    "the proxy tells its own TLS listener on every leg, and nothing of resolver.arpa reaches the upstream") {
  const ScriptedUpstream upstream = resolver();
  const Proxy proxy(upstream.as_upstream() + kAnnounced);
  const std::string expected = fmt::format("1 localhost. alpn=\"dot\" port={} ipv4hint=127.0.0.1",
                                           proxy.endpoint(Transport::tls).address.port());
  for (const Transport transport : kAllLegs) {
    CAPTURE(to_string(transport));
    ClientLeg leg(proxy, transport);
    dns::Message query = with_edns(question());
    query.edns->options.push_back({dns::option::PADDING, {}});
    leg.send(query);
    const Bytes octets = leg.read().value();
    const dns::Message answer = dns::decode(octets).value();
    REQUIRE(answer.answers.size() == 1);
    CHECK(dns::rdata_to_text(answer.answers[0].rdata) == expected);
    REQUIRE(answer.additionals.size() == 1);
    CHECK(dns::rdata_to_text(answer.additionals[0].rdata) == "127.0.0.1");
    REQUIRE(answer.edns.has_value());
    CHECK((octets.size() % 468 == 0) == (transport == Transport::tls));  // padded where nobody can see it
    CHECK(leg.ask(make_query("_dns.resolver.arpa.", dns::type::A)).authorities.size() == 1);
  }
  CHECK(upstream.seen().empty());
}

TEST_CASE("an announcement that is too long for a datagram is truncated, and whole over TCP") {
  const ScriptedUpstream upstream = resolver();
  Arguments many;
  for (int i = 0; i < 10; ++i) many = many + Arguments{"--listen", "tls://127.0.0.1:0"};
  const Proxy proxy(upstream.as_upstream() + kAnnounced + many);
  const dns::Message datagram = ClientLeg(proxy, Transport::udp).ask(question());
  CHECK(datagram.header.tc);
  CHECK(datagram.answers.empty());
  CHECK(ClientLeg(proxy, Transport::udp).ask(with_edns(question())).answers.size() == 11);
  CHECK(ClientLeg(proxy, Transport::tcp).ask(question()).answers.size() == 11);
}

TEST_CASE(
    "what is answered here counts for --max-qps-per-client: over UDP, where an address may be forged, too") {
  const Transport transport = GENERATE(Transport::udp, Transport::tcp, Transport::tls);
  const ScriptedUpstream upstream = resolver();
  const Proxy proxy(upstream.as_upstream() + kAnnounced + Arguments{"--max-qps-per-client", "1"});
  ClientLeg leg(proxy, transport);
  bool refused = false;
  for (int i = 0; i < 20 && !refused; ++i) {
    const dns::Header header = leg.ask(question()).header;
    refused = transport == Transport::udp ? header.tc : header.rcode == dns::rcode::REFUSED;
  }
  CHECK(refused);
}

TEST_CASE("a certificate without the announced name ends the start, and a reload changes what is announced") {
  const TempDir directory;
  const std::string config = directory.file("config");
  tls::write_file(config, "announce wrong.example\n", false);
  const ScriptedUpstream upstream = resolver();
  CHECK_THROWS_WITH(Proxy(upstream.as_upstream() + Arguments{"--config", config}),
                    Contains("--announce wrong.example: ") && Contains("no certificate of that name"));

  tls::write_file(config, "# nothing\n", false);
  Proxy proxy(upstream.as_upstream() + kWithUdp + Arguments{"--config", config});
  const auto count = [&] { return ClientLeg(proxy, Transport::tcp).ask(question()).answers.size(); };
  const auto reload = [&](const std::string& text, const std::string& log) {
    tls::write_file(config, text, false);
    proxy.process().signal(SIGHUP);
    for (const auto deadline = net::Deadline::in(kPatience); !deadline.expired(); poll(nullptr, 0, 5))
      if (proxy.process().error_output().find(log) != std::string::npos) return true;
    return false;
  };
  CHECK(count() == 0);
  REQUIRE(reload("announce localhost\n", "reloaded by=SIGHUP changed=announce"));
  CHECK(count() == 1);
  REQUIRE(reload("announce wrong.example\n", "reload-refused by=SIGHUP reason=\"--announce wrong.example: "));
  CHECK(count() == 1);
}

TEST_CASE("the check of a configuration tells why clients would not believe an announcement") {
  const Wide files({"DNS:localhost", "IP:127.0.0.1"});
  const auto [name, listener, said] = GENERATE(table<std::string, std::string, std::string>({
      {"localhost", "udp://127.0.0.1", "ok       announce     localhost: among the names of "},
      {"wrong.example", "udp://127.0.0.1", "error    announce     wrong.example: "},
      {"localhost", "udp://192.0.2.1",
       "does not carry 192.0.2.1: a client that asks there in clear cannot verify"},
      {"localhost", "udp://10.1.2.3", "every tls:// listener is on loopback"},
  }));
  Process process({PROXYSERVER_PROGRAM, "--check", "--listen", "tls://127.0.0.1:8853", "--listen", listener,
                   "--cert", files.cert, "--key", files.key, "--announce", name, "--upstream",
                   "tcp://192.0.2.9"});
  REQUIRE(process.wait_exit(net::Deadline::in(kPatience)).has_value());
  CHECK_THAT(process.take_output(), Contains(said));
}

TEST_CASE("client --discover verifies the designated resolver by the address that it asked in clear") {
  const ScriptedUpstream upstream = resolver();
  const Proxy proxy(upstream.as_upstream() + kAnnounced);
  const Transport transport = GENERATE(Transport::udp, Transport::tcp);
  const net::Endpoint& asked = proxy.endpoint(transport);
  const std::string uri = fmt::format("tls://127.0.0.1:{}", proxy.endpoint(Transport::tls).address.port());
  const Outcome lesson = discover(asked, proxy.ca_file());
  CHECK(lesson.exit_code == 0);
  CHECK(lesson.errors.empty());
  CHECK_THAT(lesson.output, Contains("_dns.resolver.arpa. IN SVCB") && Contains("VERIFIED") && Contains(uri));
  CHECK(discover(asked, proxy.ca_file(), {"--short"}).output == "verified " + uri + " localhost.\n");
  CHECK_THAT(discover(asked, proxy.ca_file(), {"--json"}).output,
             Contains(R"({"designated":{"resolver":"127.0.0.1","priority":1,"target":"localhost.",)") &&
                 Contains(R"("result":"verified","uri":")" + uri));
  CHECK(upstream.seen().empty());
}

TEST_CASE(
    "client --discover uses an unverified one at the same private address, and says what that is worth") {
  const TempDir directory;
  const ScriptedUpstream upstream = resolver();
  const Proxy proxy(upstream.as_upstream() + kAnnounced);
  const Outcome lesson = discover(proxy.endpoint(Transport::udp), stranger(directory));
  CHECK(lesson.exit_code == 0);
  CHECK_THAT(lesson.output, Contains("OPPORTUNISTIC") && Contains("issued by nobody we trust"));
  const Outcome brief = discover(proxy.endpoint(Transport::udp), stranger(directory), {"--short"});
  CHECK_THAT(brief.output, Catch::Matchers::StartsWith("opportunistic tls://127.0.0.1:"));
}

TEST_CASE(
    "client --discover refuses one at another address without a certificate for the one that it asked") {
  const Wide files({"DNS:localhost", "IP:127.0.0.2"});
  const Listening proxy(command(files), 1);
  const ScriptedUpstream plain = elsewhere(proxy.endpoint(Transport::tls).address.port());
  const Outcome lesson = discover(endpoint_of(plain), files.cert);
  CHECK(lesson.exit_code == 23);
  CHECK_THAT(lesson.output, Contains("REFUSED"));
  CHECK_THAT(lesson.errors, Contains("client: [tls] "));
  CHECK(discover(endpoint_of(plain), files.cert, {"--short"}).output.empty());
}

TEST_CASE("client --discover verifies one at another address by a certificate for the one that it asked") {
  const Wide files({"DNS:localhost", "IP:127.0.0.1"});
  const Listening proxy(command(files), 1);
  const std::uint16_t port = proxy.endpoint(Transport::tls).address.port();
  const ScriptedUpstream plain = elsewhere(port);
  CHECK(discover(endpoint_of(plain), files.cert, {"--short"}).output ==
        fmt::format("verified tls://127.0.0.2:{}#127.0.0.1 localhost.\n", port));
}

TEST_CASE("client --discover says so where nobody announces anything, and where nobody answers") {
  const ScriptedUpstream upstream = resolver();
  Proxy proxy(upstream.as_upstream() + kWithUdp);
  const net::Endpoint asked = proxy.endpoint(Transport::udp);
  const Outcome none = discover(asked, proxy.ca_file());
  CHECK(none.exit_code == 0);
  CHECK_THAT(none.output, Contains("names no designated resolver"));
  proxy.stop();
  CHECK(discover(asked, proxy.ca_file()).exit_code == 20);
}
