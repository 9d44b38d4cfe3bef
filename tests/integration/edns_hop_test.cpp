// Each hop its own EDNS (DESIGN, law 3): what belongs to one leg never shows on the other, what belongs to
// the message passes. Between a client and an upstream whose octets are both in our hands.
#include <csignal>
#include <fmt/format.h>

#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/scripted_upstream.h"

using net::Transport;

namespace {

namespace option = dns::option;

constexpr std::uint16_t kUnknown = 65001;

const Arguments kSevenSeconds = Arguments{"--idle-timeout", "7s"} + kWithUdp;

dns::Message laden_query() {
  dns::Message query = with_edns(make_query("www.example.com.", dns::type::A, 77));
  query.edns->dnssec_ok = true;
  query.edns->options = {{option::COOKIE, Bytes(8, 0xc1)},
                         {option::NSID, {}},
                         {option::KEEPALIVE, {}},
                         {kUnknown, {1, 2, 3}},
                         {option::PADDING, Bytes(33)}};
  return query;
}

// With the same kinds of options, of other values.
Bytes laden_answer(const ScriptedUpstream::Seen& query) {
  dns::Message answer = answer_to(query.message());
  if (answer.edns)
    answer.edns->options = {{option::PADDING, Bytes(50)},
                            {option::COOKIE, Bytes(16, 0xc2)},
                            {kUnknown, {9, 8}},
                            {option::KEEPALIVE, {0x01, 0x23}},
                            dns::extended_error(dns::ede::OTHER, "said by the resolver")};
  return dns::encode(answer);
}

Bytes bare_answer(const ScriptedUpstream::Seen& query) {
  return dns::encode(answer_to(query.message()));
}

bool has(const dns::Message& message, std::uint16_t code) {
  return message.edns && message.edns->find(code) != nullptr;
}

}  // namespace

TEST_CASE(
    "cookie, keepalive and padding of a client stay on its leg, all other options go on (RFC 7873 §5)") {
  const Transport upstream_leg = GENERATE(Transport::tls, Transport::tcp);
  const Transport client_leg = GENERATE(Transport::tls, Transport::tcp, Transport::udp);
  CAPTURE(to_string(client_leg), to_string(upstream_leg));
  const ScriptedUpstream upstream(upstream_leg, laden_answer);
  const Proxy proxy(upstream.as_upstream() + kSevenSeconds);
  ClientLeg(proxy, client_leg).ask(laden_query());

  const Bytes octets = upstream.last_seen().octets;
  const dns::Message query = upstream.last_seen().message();
  REQUIRE(query.edns.has_value());
  CHECK_FALSE(has(query, option::COOKIE));
  CHECK(query.edns->find(option::NSID)->value.empty());
  CHECK(query.edns->find(kUnknown)->value == Bytes{1, 2, 3});
  CHECK(query.edns->dnssec_ok);
  REQUIRE(has(query, option::KEEPALIVE));  // the proxy's own question (RFC 7828 §3.2.1)
  CHECK(query.edns->find(option::KEEPALIVE)->value.empty());
  if (upstream_leg == Transport::tls) {
    CHECK(octets.size() % 128 == 0);  // RFC 8467 §4.1
    CHECK(query.edns->options.back().code == option::PADDING);
  } else {
    CHECK_FALSE(has(query, option::PADDING));  // RFC 7830 §6
  }
}

TEST_CASE("cookie, keepalive and padding of a resolver stay on its leg, all other options go on") {
  const Transport upstream_leg = GENERATE(Transport::tls, Transport::tcp);
  const Transport client_leg = GENERATE(Transport::tls, Transport::tcp, Transport::udp);
  CAPTURE(to_string(client_leg), to_string(upstream_leg));
  const ScriptedUpstream upstream(upstream_leg, laden_answer);
  const Proxy proxy(upstream.as_upstream() + kSevenSeconds);
  ClientLeg client(proxy, client_leg);
  client.send(laden_query());
  const auto octets = client.read();
  REQUIRE(octets.has_value());
  const dns::Message answer = dns::decode(*octets).value();
  CHECK(answer.header.id == 77);
  REQUIRE(answer.edns.has_value());
  CHECK_FALSE(has(answer, option::COOKIE));
  CHECK(answer.edns->find(kUnknown)->value == Bytes{9, 8});
  CHECK(has(answer, option::EXTENDED_ERROR));
  if (client_leg == Transport::udp)
    CHECK_FALSE(has(answer, option::KEEPALIVE));  // RFC 7828 §3.2.1
  else
    CHECK(answer.edns->find(option::KEEPALIVE)->value == Bytes{0, 70});  // ours: --idle-timeout 7s
  if (client_leg == Transport::tls)
    CHECK((octets->size() % 468 == 0 && has(answer, option::PADDING)));
  else
    CHECK_FALSE(has(answer, option::PADDING));
}

TEST_CASE("a client that did not pad or ask for keepalive gets neither (RFC 7830 §4, RFC 7828 §3.3.2)") {
  const Transport client_leg = GENERATE(Transport::tls, Transport::tcp, Transport::udp);
  const ScriptedUpstream upstream(Transport::tls, laden_answer);
  const Proxy proxy(upstream.as_upstream() + kSevenSeconds);
  const dns::Message answer =
      ClientLeg(proxy, client_leg).ask(with_edns(make_query("www.example.com.", dns::type::A)));
  CHECK_FALSE(has(answer, option::PADDING));
  CHECK_FALSE(has(answer, option::KEEPALIVE));
  CHECK(has(answer, kUnknown));
}

TEST_CASE("a query without OPT goes on, and its answer comes back, octet for octet but the ID") {
  const Transport upstream_leg = GENERATE(Transport::tls, Transport::tcp);
  const ScriptedUpstream upstream(upstream_leg, bare_answer);
  const Proxy proxy(upstream.as_upstream() + kSevenSeconds);
  for (const Transport client_leg : kAllLegs) {
    ClientLeg client(proxy, client_leg);
    const Bytes query = dns::encode(make_query("www.example.com.", dns::type::A, 77));
    client.send(ByteView(query));
    const Bytes answer = client.read().value();
    Bytes seen = upstream.last_seen().octets;
    Bytes expected = bare_answer(upstream.last_seen());
    expected[0] = seen[0] = 0;
    expected[1] = seen[1] = 77;
    CHECK(seen == query);
    CHECK(answer == expected);
  }
}

TEST_CASE("by --pad always a query gets an OPT for its padding, which is taken off the answer") {
  const ScriptedUpstream upstream(Transport::tls, laden_answer);
  const Proxy proxy(upstream.as_upstream() + kSevenSeconds + Arguments{"--pad", "always"});
  for (const Transport client_leg : kAllLegs) {
    const dns::Message answer =
        ClientLeg(proxy, client_leg).ask(make_query("www.example.com.", dns::type::A));
    CHECK_FALSE(answer.edns.has_value());  // RFC 6891 §7
    CHECK(upstream.last_seen().message().edns.has_value());
    CHECK(upstream.last_seen().octets.size() % 128 == 0);
  }
}

TEST_CASE("a signed message passes untouched but for its ID, either way (RFC 8945 §5, RFC 2931)") {
  const std::uint16_t signature = GENERATE(std::uint16_t{dns::type::TSIG}, std::uint16_t{dns::type::SIG});
  const auto sign = [signature](dns::Message message) {
    message.additionals.push_back(
        {dns::Name(), signature, dns::klass::ANY, 0, dns::Rdata{signature, Bytes(40)}});
    return dns::encode(message);
  };
  const ScriptedUpstream upstream(
      Transport::tls, [&](const auto& query) { return sign(dns::decode(laden_answer(query)).value()); });
  const Proxy proxy(upstream.as_upstream() + kSevenSeconds);
  for (const Transport client_leg : kAllLegs) {
    ClientLeg client(proxy, client_leg);
    const Bytes query = sign(laden_query());
    client.send(ByteView(query));
    const Bytes answer = client.read().value();
    const Bytes seen = upstream.last_seen().octets;
    const Bytes sent = sign(dns::decode(laden_answer(upstream.last_seen())).value());
    CHECK(Bytes(seen.begin() + 2, seen.end()) == Bytes(query.begin() + 2, query.end()));
    CHECK(Bytes(answer.begin() + 2, answer.end()) == Bytes(sent.begin() + 2, sent.end()));
  }
}

TEST_CASE("names under resolver.arpa are answered here, on every leg, and never forwarded (RFC 9462 §6.1)") {
  const std::string name = GENERATE("_dns.resolver.arpa.", "resolver.arpa.", "A.b.RESOLVER.arpa.");
  const ScriptedUpstream upstream(Transport::tls, bare_answer);
  const Proxy proxy(upstream.as_upstream() + kSevenSeconds);
  for (const Transport client_leg : kAllLegs) {
    const dns::Message answer = ClientLeg(proxy, client_leg).ask(make_query(name, dns::type::SVCB, 5));
    CHECK(answer.header.id == 5);
    CHECK(answer.header.rcode == dns::rcode::NOERROR);
    CHECK(answer.answers.empty());
  }
  CHECK(upstream.seen().empty());
  ClientLeg(proxy, Transport::tls).ask(make_query("notresolver.arpa.", dns::type::SVCB));
  CHECK(upstream.seen().size() == 1);
}
