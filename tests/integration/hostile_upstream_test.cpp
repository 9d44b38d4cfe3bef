// Upstreams that an attack tried on the proxy, each of which once cost it something: a reconnect storm, a
// lost query, a datagram of 64 kB, a client's cookie.
#include <fmt/format.h>
#include <stdexcept>

#include "tests/integration/extended_error.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/scripted_upstream.h"

using net::Transport;
using std::chrono::milliseconds;

namespace {

Bytes silence(const ScriptedUpstream::Seen&) {
  return {};
}
Bytes hang_up(const ScriptedUpstream::Seen&) {
  throw std::runtime_error("hang up");
}

}  // namespace

TEST_CASE(
    "a silent upstream beside one that hangs up costs a few connections, not thousands (RFC 9520 §3.1)") {
  const ScriptedUpstream silent(Transport::tcp, silence);
  const ScriptedUpstream dying(Transport::tcp, hang_up);
  const Proxy proxy(silent.as_upstream() + dying.as_upstream() +
                    Arguments{"--query-timeout", "1500ms", "--hedge-after", "100ms"});
  const auto reply = proxy.connect(Transport::tcp).ask(make_query("a.example.", dns::type::A));
  CHECK(reply.rcode() == dns::rcode::SERVFAIL);
  CHECK(silent.seen().size() + dying.seen().size() <= 3);  // and no more copies of the query than that
}

TEST_CASE("a resolver that answers once per connection gets every query answered") {
  ScriptedUpstream::Script once =
      [last = std::size_t(-1)](const ScriptedUpstream::Seen& query) mutable -> Bytes {
    if (query.connection == last) throw std::runtime_error("one answer is all you get");
    last = query.connection;
    return dns::encode(answer_to(query.message()));
  };
  const ScriptedUpstream upstream(Transport::tcp, once);
  const Proxy proxy(upstream.as_upstream());
  DotConnection client = proxy.connect(Transport::tcp);
  for (std::uint16_t id = 0; id < 10; ++id) client.send(make_query("a.example.", dns::type::A, id));
  for (int i = 0; i < 10; ++i) CHECK(client.read_message().rcode() == dns::rcode::NOERROR);
}

TEST_CASE(
    "what does not fit a datagram is cut to what does, however large the resolver's OPT is (RFC 6891 "
    "§6.2.3)") {
  const ScriptedUpstream upstream(Transport::tcp, [](const ScriptedUpstream::Seen& query) {
    dns::Message answer = answer_to(query.message());
    answer.edns->options.push_back({65001, Bytes(60'000, 'x')});
    return dns::encode(answer);
  });
  const Proxy proxy(upstream.as_upstream() + kWithUdp);
  Datagrams client(proxy.endpoint(Transport::udp));
  client.send(dns::encode(with_edns(make_query("a.example.", dns::type::A), 512)));
  const auto reply = client.read();
  REQUIRE(reply.has_value());
  CHECK(reply->size() <= 512);
  CHECK(dns::decode(*reply).value().header.tc);
}

TEST_CASE("a record behind the OPT that does not parse lets no hop's options through (RFC 7873 §5.3)") {
  const ScriptedUpstream upstream(Transport::tcp, silence);
  const Proxy proxy(upstream.as_upstream());
  dns::Message query = with_edns(make_query("a.example.", dns::type::A));
  query.edns->options.push_back({dns::option::COOKIE, Bytes(8, 7)});
  Bytes octets = dns::encode(query);
  const Bytes short_address = {0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 3, 1, 2, 3};  // an A record of three octets
  octets.insert(octets.end(), short_address.begin(), short_address.end());
  octets[11] = 2;
  DotConnection client = proxy.connect(Transport::tcp);
  client.send(octets);
  CHECK(client.read_message().rcode() == dns::rcode::FORMERR);
  CHECK(upstream.seen().empty());
}

TEST_CASE(
    "an upstream that sends what nobody asked for, and never an answer, is asked no longer than its "
    "silence") {
  // Every query is answered with another query's answer: whole messages, none of which counts.
  const ScriptedUpstream babbling(Transport::tcp, [](const ScriptedUpstream::Seen& query) {
    dns::Message answer = answer_to(query.message());
    answer.header.id ^= 0x5555;
    return dns::encode(answer);
  });
  const ScriptedUpstream good(Transport::tcp,
                              [](const auto& query) { return dns::encode(answer_to(query.message())); });
  const Proxy proxy(babbling.as_upstream() + good.as_upstream() + Arguments{"--hedge-after", "200ms"});
  CHECK(proxy.connect(Transport::tcp).ask(make_query("a.example.", dns::type::A)).rcode() ==
        dns::rcode::NOERROR);
}
