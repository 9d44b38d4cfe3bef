// The ground that the other tests stand on: labresolver does what it is told, right and wrong.
#include <algorithm>
#include <fmt/format.h>

#include "common/net/net_error.h"
#include "common/tls/tls_error.h"
#include "tests/integration/extended_error.h"
#include "tests/support/catch.h"
#include "tests/support/hex.h"
#include "tests/support/lab.h"

using net::Transport;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

std::string text_of(const dns::Message& reply) {
  return reply.answers.size() == 1 ? dns::rdata_to_text(reply.answers[0].rdata) : "(no single answer)";
}

milliseconds since(Clock::time_point begin) {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
}

}  // namespace

TEST_CASE("labresolver answers alike over TLS, TCP and UDP") {
  const LabResolver resolver;
  const dns::Message query = make_query("google.com.", dns::type::A);
  const dns::Message reply = resolver.connect(Transport::tls).ask(query);
  CHECK(reply.header.rcode == dns::rcode::NOERROR);
  CHECK(reply.answers.size() == 1);
  CHECK(resolver.connect(Transport::tcp).ask(query) == reply);
  CHECK(Datagrams(resolver.endpoint(Transport::udp)).ask(query) == reply);
}

TEST_CASE("labresolver's delay is of each query, not of one after the other") {
  const LabResolver resolver({"--delay", "200"});
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  DotConnection connection = resolver.connect(leg);
  const auto begin = Clock::now();
  for (std::uint16_t id = 0; id < 100; ++id) connection.send(make_query("a.tag.test.", dns::type::A, id));
  for (std::uint16_t id = 0; id < 100; ++id) CHECK(connection.read_message().header.id == id);
  CHECK(since(begin) >= milliseconds(200));
  CHECK(since(begin) < milliseconds(10000));  // a hundred delays are twenty seconds
}

TEST_CASE("a name may ask labresolver for a delay of its own") {
  const LabResolver resolver;
  DotConnection connection = resolver.connect(Transport::tls);
  const auto begin = Clock::now();
  connection.send(make_query("delay-300.google.com.", dns::type::A, 1));
  connection.send(make_query("google.com.", dns::type::A, 2));
  CHECK(connection.read_message().header.id == 2);
  const dns::Message late = connection.read_message();
  CHECK(since(begin) >= milliseconds(300));
  REQUIRE(late.answers.size() == 1);
  CHECK(late.answers[0].owner.to_string() == "delay-300.google.com.");
}

TEST_CASE("labresolver's tagged answers tell the name that was asked") {
  const LabResolver resolver;
  Datagrams socket(resolver.endpoint(Transport::udp));
  CHECK(text_of(socket.ask(make_query("one.Tag.test.", dns::type::TXT))) == "\"one.Tag.test.\"");
  const std::string one = text_of(socket.ask(make_query("one.tag.test.", dns::type::A)));
  const std::string two = text_of(socket.ask(make_query("two.tag.test.", dns::type::A)));
  CHECK(one.starts_with("10."));
  CHECK(one != two);
  CHECK(text_of(socket.ask(make_query("ONE.tag.test.", dns::type::A))) == one);
}

TEST_CASE("labresolver truncates over UDP what exceeds the client's size") {
  const LabResolver resolver;
  Datagrams socket(resolver.endpoint(Transport::udp));
  const auto [udp_size, truncated] = GENERATE(table<std::uint16_t, bool>({
      {0, true},  // no EDNS: 512 (RFC 1035 §4.2.1)
      {100, true},
      {1232, true},
      {4096, false},
  }));
  CAPTURE(udp_size);
  dns::Message query = make_query("large.example.com.", dns::type::TXT);
  if (udp_size != 0) query = with_edns(std::move(query), udp_size);
  const dns::Message reply = socket.ask(query);
  CHECK(reply.header.tc == truncated);
  CHECK(reply.answers.size() == (truncated ? 0 : 8));
  CHECK(reply.edns.has_value() == (udp_size != 0));
}

TEST_CASE("labresolver pads over TLS alone, and only who padded") {
  const LabResolver resolver;
  dns::Message query = with_edns(make_query("google.com.", dns::type::A));
  const auto has_padding = [&](Transport leg) {
    return resolver.connect(leg).ask(query).edns->find(dns::option::PADDING) != nullptr;
  };
  CHECK_FALSE(has_padding(Transport::tls));
  query.edns->options.push_back({dns::option::PADDING, Bytes(10)});
  CHECK(has_padding(Transport::tls));
  CHECK_FALSE(has_padding(Transport::tcp));  // RFC 7830 §6
}

TEST_CASE("labresolver refuses what it cannot answer, each thing by its code") {
  const LabResolver resolver;
  DotConnection connection = resolver.connect(Transport::tcp);
  dns::Message query = with_edns(make_query("google.com.", dns::type::A));
  query.edns->version = 1;
  CHECK(connection.ask(query).rcode() == dns::rcode::BADVERS);
  query = make_query("google.com.", dns::type::A);
  query.header.opcode = dns::opcode::NOTIFY;
  CHECK(connection.ask(query).rcode() == dns::rcode::NOTIMP);
  query = make_query("google.com.", dns::type::A);
  query.questions.clear();
  CHECK(connection.ask(query).rcode() == dns::rcode::FORMERR);
  connection.send(hex("1234 0100 0001 0000 0000 0000  05 61"));
  CHECK(connection.read_message().rcode() == dns::rcode::FORMERR);
  CHECK(connection.ask(make_query("not.in.any.zone.", dns::type::A)).rcode() == dns::rcode::REFUSED);
  CHECK(connection.ask(make_query("nobody.example.com.", dns::type::A)).rcode() == dns::rcode::NXDOMAIN);
}

TEST_CASE("labresolver answers what options ask for, and says in one why it refuses") {
  const LabResolver resolver;
  DotConnection connection = resolver.connect(Transport::tcp);
  dns::Message query = with_edns(make_query("google.com.", dns::type::A));
  CHECK(connection.ask(query).edns->options.empty());
  query.edns->options = {{dns::option::NSID, {}},
                         {dns::option::COOKIE, hex("01 02 03 04 05 06 07 08")},
                         {dns::option::CLIENT_SUBNET, hex("0001 18 18  c0 00 02")}};
  const dns::Edns edns = connection.ask(query).edns.value();
  REQUIRE(edns.options.size() == 3);
  CHECK(option_text(edns.options[0]).find("labresolver") != std::string::npos);
  CHECK(edns.options[1].value.size() == 16);
  CHECK(std::equal(query.edns->options[1].value.begin(), query.edns->options[1].value.end(),
                   edns.options[1].value.begin()));
  CHECK(edns.options[2].value == hex("0001 18 00  c0 00 02"));  // RFC 7871 §6: the scope is the fourth octet
  query.edns->options[1].value = edns.options[1].value;         // with the server's part
  CHECK(connection.ask(query).edns == edns);
  query.edns->options = {{dns::option::COOKIE, {1}}, {dns::option::CLIENT_SUBNET, {0}}};
  CHECK(connection.ask(query).edns->options.empty());

  query = with_edns(make_query("not.in.any.zone.", dns::type::A));
  const dns::Message refused = connection.ask(query);
  CHECK(refused.rcode() == dns::rcode::REFUSED);
  CHECK(extended_error_in(refused).code == dns::ede::NOT_AUTHORITATIVE);
}

TEST_CASE("labresolver's certificates are wrong in the way that was asked for") {
  using Kind = tls::TlsError::Kind;
  const auto [fault, kind] = GENERATE(table<std::string, Kind>({
      {"expired", Kind::expired},
      {"wrong-name", Kind::name_mismatch},
      {"wrong-ca", Kind::untrusted_issuer},
      {"not-tls", Kind::protocol},
      {"tls11-only", Kind::alert},
  }));
  CAPTURE(fault);
  const LabResolver resolver({"--fault", fault});
  try {
    resolver.connect(Transport::tls);
    FAIL("connected");
  } catch (const tls::TlsError& error) {
    CAPTURE(error.what());
    CHECK(error.kind() == kind);
  }
}

TEST_CASE("labresolver's TLS 1.1 is real: who insists gets an answer over it") {
  const LabResolver resolver({"--fault", "tls11-only"});
  const Outcome run = run_client(
      {"@" + resolver.uri(Transport::tls), "--ca", resolver.ca_file(), "--tls-min", "1.0", "google.com"});
  CAPTURE(run.errors);
  CHECK(run.exit_code == 0);
  CHECK_THAT(run.output, Catch::Matchers::Contains("TLSv1.1"));
}

TEST_CASE("labresolver spoils connections and answers as it is told") {
  const dns::Message query = make_query("a.tag.test.", dns::type::TXT, 7);

  SECTION("wrong ID") {
    const LabResolver resolver({"--fault", "wrong-id"});
    CHECK(resolver.connect(Transport::tcp).ask(query).header.id != 7);
  }
  SECTION("wrong question") {
    const LabResolver resolver({"--fault", "wrong-question"});
    const dns::Message reply = resolver.connect(Transport::tcp).ask(query);
    CHECK(reply.header.id == 7);
    CHECK(reply.questions != query.questions);
  }
  SECTION("duplicate") {
    const LabResolver resolver({"--fault", "duplicate"});
    DotConnection connection = resolver.connect(Transport::tcp);
    const dns::Message first = connection.ask(query);
    CHECK(connection.read_message() == first);
  }
  SECTION("drop, for one name only") {
    const LabResolver resolver({"--fault", "drop=lost.tag.test"});
    DotConnection connection = resolver.connect(Transport::tcp);
    connection.send(make_query("x.lost.tag.test.", dns::type::TXT, 6));
    CHECK(connection.ask(query).header.id == 7);
  }
  SECTION("close after two answers") {
    const LabResolver resolver({"--fault", "close-after=2"});
    DotConnection connection = resolver.connect(Transport::tls);
    connection.ask(query);
    connection.ask(query);
    CHECK(connection.closed_by_peer());
  }
  SECTION("close in the middle of a frame") {
    const LabResolver resolver({"--fault", "close-mid-frame"});
    DotConnection connection = resolver.connect(Transport::tls);
    connection.send(query);
    CHECK_THROWS_AS(connection.read(), net::NetError);
  }
  SECTION("stall in the middle of a frame") {
    const LabResolver resolver({"--fault", "stall-mid-frame"});
    DotConnection connection = resolver.connect(Transport::tls);
    connection.send(query);
    CHECK_THROWS_AS(connection.read(net::Deadline::in(milliseconds(200))), net::NetError);
  }
  SECTION("reset") {
    const LabResolver resolver({"--fault", "reset"});
    DotConnection connection = resolver.connect(Transport::tcp);
    connection.send(query);
    CHECK_THROWS_AS(connection.read(), net::NetError);
  }
  SECTION("close when idle") {
    const LabResolver resolver({"--fault", "idle-close=100"});
    DotConnection connection = resolver.connect(Transport::tls);
    const auto begin = Clock::now();
    connection.ask(query);
    CHECK(connection.closed_by_peer());
    CHECK(since(begin) >= milliseconds(100));
  }
  SECTION("reorder") {
    const LabResolver resolver({"--fault", "reorder=50"});
    DotConnection connection = resolver.connect(Transport::tls);
    std::vector<std::uint16_t> order;
    for (std::uint16_t id = 0; id < 50; ++id) connection.send(make_query("a.tag.test.", dns::type::A, id));
    for (int i = 0; i < 50; ++i) order.push_back(connection.read_message().header.id);
    CHECK_FALSE(std::is_sorted(order.begin(), order.end()));
  }
  SECTION("a percentage of answers") {
    const LabResolver resolver({"--fault", "wrong-id=50%", "--seed", "7"});
    DotConnection connection = resolver.connect(Transport::tcp);
    int wrong = 0;
    for (int i = 0; i < 200; ++i) wrong += connection.ask(query).header.id != 7;
    CHECK(wrong > 50);
    CHECK(wrong < 150);
  }
}

TEST_CASE("labresolver complains of options that it does not understand") {
  const std::string wrong = GENERATE(as<std::string>(), "--fault=no-such-fault", "--fault=close-after=many",
                                     "--delay=soon", "--listen=quic://127.0.0.1", "--nonsense", "stray");
  CAPTURE(wrong);
  Process process({LABRESOLVER_PROGRAM, wrong});
  CHECK(process.wait_exit(net::Deadline::in(kPatience)) == 1);
  CHECK_THAT(process.error_output(), Catch::Matchers::StartsWith("labresolver: "));
}
