// How long a connection is kept, said and heard over the keepalive option (RFC 7828), on each leg by itself.
#include <csignal>
#include <list>

#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/scripted_upstream.h"

using net::Transport;

namespace {

namespace option = dns::option;

// An upstream that keeps idle connections for so long, in units of 100 ms; says nothing if nullopt.
ScriptedUpstream::Script keeping(std::optional<std::uint8_t> units) {
  return [units](const ScriptedUpstream::Seen& query) {
    dns::Message answer = answer_to(query.message());
    if (units && answer.edns) answer.edns->options.push_back({option::KEEPALIVE, {0, *units}});
    return dns::encode(answer);
  };
}

dns::Message query_with_edns(std::string_view name = "www.example.com.") {
  return with_edns(make_query(name, dns::type::A));
}

dns::Message asking_keepalive(std::string_view name, std::uint16_t id) {
  dns::Message query = with_edns(make_query(name, dns::type::A, id));
  query.edns->options.push_back({option::KEEPALIVE, {}});
  return query;
}

Bytes keepalive_in(const dns::Message& answer) {
  return answer.edns && answer.edns->find(option::KEEPALIVE) ? answer.edns->find(option::KEEPALIVE)->value
                                                             : Bytes{};
}

}  // namespace

TEST_CASE("a resolver's keepalive of zero ends the connection with its answer (RFC 7828 §3.4)") {
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  const ScriptedUpstream upstream(leg, keeping(0));
  const Proxy proxy(upstream.as_upstream());
  DotConnection client = proxy.connect(Transport::tls);
  for (std::size_t i = 0; i < 3; ++i) {
    client.ask(query_with_edns());
    CHECK(upstream.last_seen().connection == i);
    CHECK(upstream.closed(i));
  }
}

TEST_CASE("a connection goes on being used where the resolver says nothing, or that it may be") {
  const auto units = GENERATE(as<std::optional<std::uint8_t>>(), std::nullopt, 200);
  const ScriptedUpstream upstream(Transport::tls, keeping(units));
  const Proxy proxy(upstream.as_upstream());
  DotConnection client = proxy.connect(Transport::tls);
  for (int i = 0; i < 5; ++i) client.ask(query_with_edns());
  CHECK(upstream.last_seen().connection == 0);
}

TEST_CASE("a connection is closed before the resolver's idle limit would end it") {
  const ScriptedUpstream upstream(Transport::tls, keeping(7));  // 700 ms; what we do unasked is 30 s
  const Proxy proxy(upstream.as_upstream());
  DotConnection client = proxy.connect(Transport::tls);
  client.ask(query_with_edns());
  CHECK(upstream.closed(0));
  client.ask(query_with_edns());
  CHECK(upstream.last_seen().connection == 1);
}

TEST_CASE("a resolver that closes sooner than it said it would costs no query") {
  const Transport upstream = GENERATE(Transport::tls, Transport::tcp);
  const LabResolver resolver({"--fault", "keepalive=300", "--fault", "idle-close=100"});  // 30 s, so it says
  const Proxy proxy(resolver, upstream, kWithUdp);
  std::list<ClientLeg> legs;
  for (const Transport leg : kAllLegs) legs.emplace_back(proxy, leg);
  for (int i = 0; i < 3; ++i) {
    for (ClientLeg& leg : legs) {
      CAPTURE(to_string(leg.transport()), i);
      CHECK(leg.ask(query_with_edns("www.tag.test.")).header.rcode == dns::rcode::NOERROR);
    }
    // One that has been idle for less long than the proxy's: when it is closed, so are they.
    DotConnection witness = resolver.connect(upstream);
    CHECK(keepalive_in(witness.ask(query_with_edns("www.tag.test."))) == Bytes{1, 44});
    REQUIRE(witness.closed_by_peer());
  }
}

TEST_CASE("a client that asks is told how long it may idle, and zero once the proxy is about to stop") {
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, {"--idle-timeout", "7s"});
  DotConnection client = proxy.connect(leg);
  CHECK(keepalive_in(client.ask(asking_keepalive("www.tag.test.", 1))) == Bytes{0, 70});
  DotConnection idle = proxy.connect(leg);
  idle.ask(query_with_edns("idle.tag.test."));

  client.send(asking_keepalive("delay-600.www.tag.test.", 2));
  // The answer to this one says that the proxy has taken in the one before it.
  REQUIRE(client.ask(asking_keepalive("quick.tag.test.", 3)).header.id == 3);
  proxy.process().signal(SIGTERM);
  REQUIRE(idle.closed_by_peer());
  const dns::Message last = client.read_message();
  CHECK(last.header.id == 2);
  CHECK(keepalive_in(last) == Bytes{0, 0});  // RFC 7828 §3.3.2: close, and do not come back at once
}
