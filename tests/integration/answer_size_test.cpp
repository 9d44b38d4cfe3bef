// How large an answer may be on each leg, and what becomes of one that is larger; and that what the proxy
// puts in never makes a message larger than a message can be.
#include <fmt/format.h>

#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/scripted_upstream.h"

using net::Transport;

namespace {

// An answer of exactly so many octets (from 100 on): a record of a private type.
Bytes answer_of(std::size_t size, const dns::Message& query) {
  dns::Message answer = answer_to(query);
  answer.answers.push_back({query.questions[0].name, 65280, dns::klass::IN, 60, dns::Rdata{65280, {}}});
  const std::size_t rest = dns::encode(answer).size();
  answer.answers[0].rdata = dns::Rdata{65280, Bytes(size - rest, 0xda)};
  return dns::encode(answer);
}

dns::Message query_of(std::optional<std::uint16_t> udp_size) {
  dns::Message query = make_query("big.example.com.", 65280, 3);
  return udp_size ? with_edns(query, *udp_size) : query;
}

struct Limit {
  std::optional<std::uint16_t> client_says;
  std::size_t limit;
};

}  // namespace

TEST_CASE(
    "over UDP an answer is whole up to the client's size, and cut to its question beyond (RFC 6891 §6.2.3)") {
  const auto one = GENERATE(values<Limit>({
      {std::nullopt, 512},  // RFC 1035 §4.2.1
      {std::uint16_t{100}, 512},
      {std::uint16_t{1000}, 1000},
      {std::uint16_t{4096}, 1232},  // RFC 9210 §4.4
  }));
  const std::size_t beyond = GENERATE(std::size_t{0}, std::size_t{1});
  CAPTURE(one.limit, beyond);
  const ScriptedUpstream upstream(
      Transport::tcp, [&](const auto& query) { return answer_of(one.limit + beyond, query.message()); });
  const Proxy proxy(upstream.as_upstream() + kWithUdp);
  Datagrams client(proxy.endpoint(Transport::udp));
  const dns::Message answer = client.ask(query_of(one.client_says));
  CHECK(answer.header.id == 3);
  CHECK(answer.header.tc == (beyond > 0));
  CHECK(answer.answers.size() == 1 - beyond);
  CHECK(answer.questions.size() == 1);
  CHECK(answer.edns.has_value() == one.client_says.has_value());
  // And over TCP, where a truncated client asks again, it is whole.
  CHECK(proxy.connect(Transport::tcp).ask(query_of(one.client_says)).answers.size() == 1);
}

TEST_CASE("what the resolver has cut short itself stays so on every leg") {
  const ScriptedUpstream upstream(Transport::tls, [](const auto& query) {
    dns::Message answer = answer_to(query.message());
    answer.header.tc = true;
    return dns::encode(answer);
  });
  const Proxy proxy(upstream.as_upstream() + kWithUdp);
  for (const Transport leg : kAllLegs) CHECK(ClientLeg(proxy, leg).ask(query_of(1232)).header.tc);
}

TEST_CASE("what the proxy puts into an answer never makes it larger than 65,535 octets (RFC 7830 §4)") {
  const std::size_t size = GENERATE(65535U, 65534U, 65530U, 65524U, 65500U);
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(size, to_string(leg));
  const ScriptedUpstream upstream(Transport::tls,
                                  [&](const auto& query) { return answer_of(size, query.message()); });
  const Proxy proxy(upstream.as_upstream());
  DotConnection client = proxy.connect(leg);
  dns::Message query = query_of(1232);
  query.edns->options = {{dns::option::KEEPALIVE, {}}, {dns::option::PADDING, Bytes(3)}};
  for (std::uint16_t id = 1; id < 3; ++id) {  // the second one says that the framing was right
    query.header.id = id;
    const dns::Message answer = client.ask(query);
    CHECK(answer.header.id == id);
    CHECK(answer.header.rcode == dns::rcode::NOERROR);
    REQUIRE(answer.answers.size() == 1);
  }
}

TEST_CASE("what the proxy puts into a query never makes it larger than 65,535 octets") {
  const std::size_t size = GENERATE(65535U, 65534U, 65530U, 65524U, 65500U);
  const bool with_opt = GENERATE(true, false);
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(size, with_opt, to_string(leg));
  const ScriptedUpstream upstream(leg,
                                  [&](const auto& query) { return dns::encode(answer_to(query.message())); });
  const Arguments padding = leg == Transport::tls ? Arguments{"--pad", "always"} : Arguments{};
  const Proxy proxy(upstream.as_upstream() + padding);
  dns::Message query = query_of(with_opt ? std::optional<std::uint16_t>(1232) : std::nullopt);
  query.additionals.push_back({dns::Name(), 65280, dns::klass::IN, 0, dns::Rdata{65280, {}}});
  const std::size_t rest = dns::encode(query).size();
  query.additionals[0].rdata = dns::Rdata{65280, Bytes(size - rest)};
  DotConnection client = proxy.connect(Transport::tls);
  for (std::uint16_t id = 1; id < 3; ++id) {
    query.header.id = id;
    const dns::Message answer = client.ask(query);
    CHECK(answer.header.id == id);
    CHECK(answer.header.rcode == dns::rcode::NOERROR);
    CHECK(upstream.last_seen().message().questions == query.questions);
  }
}
