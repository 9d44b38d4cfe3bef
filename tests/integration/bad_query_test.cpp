// Queries that the proxy answers itself, since no resolver should see them: FORMERR for what is no query of
// one question, NOTIMP for what is more than a query. The client's connection lives on, but not for ever.
#include <fmt/format.h>

#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/hex.h"
#include "tests/support/scrape.h"

using net::Transport;

namespace {

struct Case {
  std::string what;
  std::string message;
  std::uint16_t rcode;
};

constexpr const char* kOpt = " 00 0029 04d0 00000000 0000";

std::vector<Case> refused_messages() {
  const std::string opt = kOpt;
  const std::string root_a = " 00 0001 0001";
  return {
      // The header: ID, flags, QDCOUNT, ANCOUNT, NSCOUNT, ARCOUNT.
      {"no question", "1234 0100 0000 0000 0000 0000", dns::rcode::FORMERR},
      {"no question, but an OPT", "1234 0100 0000 0000 0000 0001" + opt, dns::rcode::FORMERR},
      {"two questions", "1234 0100 0002 0000 0000 0000" + root_a + root_a, dns::rcode::FORMERR},
      {"two OPTs", "1234 0100 0001 0000 0000 0002" + root_a + opt + opt, dns::rcode::FORMERR},
      {"an OPT whose owner is not the root", "1234 0100 0001 0000 0000 0001" + root_a + " 0161" + opt,
       dns::rcode::FORMERR},
      {"an OPT among the answers", "1234 0100 0001 0001 0000 0000" + root_a + opt, dns::rcode::FORMERR},
      {"an option longer than its OPT",
       "1234 0100 0001 0000 0000 0001" + root_a + " 00 0029 04d0 00000000 0004 000a 0008",
       dns::rcode::FORMERR},
      {"octets after the end", "1234 0100 0001 0000 0000 0000" + root_a + " 00", dns::rcode::FORMERR},
      {"a question cut short", "1234 0100 0001 0000 0000 0000  00 0001", dns::rcode::FORMERR},
      {"counts without records", "1234 0100 ffff ffff ffff ffff" + root_a, dns::rcode::FORMERR},
      {"a name that points at itself", "1234 0100 0001 0000 0000 0000  c00c 0001 0001", dns::rcode::FORMERR},
      {"a name that points forwards", "1234 0100 0001 0000 0000 0000  c00e 0001 0001", dns::rcode::FORMERR},
      {"a label of a reserved type", "1234 0100 0001 0000 0000 0000  40 0001 0001", dns::rcode::FORMERR},
      {"a zone transfer", "1234 0100 0001 0000 0000 0000  00 00fc 0001", dns::rcode::NOTIMP},
      {"an incremental zone transfer", "1234 0100 0001 0000 0000 0000  00 00fb 0001", dns::rcode::NOTIMP},
      {"a STATUS", "1234 1000 0001 0000 0000 0000" + root_a, dns::rcode::NOTIMP},
      {"a NOTIFY", "1234 2000 0001 0000 0000 0000" + root_a, dns::rcode::NOTIMP},
      {"an UPDATE", "1234 2800 0001 0000 0000 0000" + root_a, dns::rcode::NOTIMP},
      {"a DSO message", "1234 3000 0000 0000 0000 0000  0001 0008 00003a98 00003a98", dns::rcode::NOTIMP},
      {"opcode 15", "1234 7800 0000 0000 0000 0000", dns::rcode::NOTIMP},
  };
}

}  // namespace

TEST_CASE("what is not one plain question is refused, and the connection lives on") {
  // The resolver answers nothing: whatever reached it would time out instead of being refused at once.
  const LabResolver resolver({"--fault", "drop"});
  const Proxy proxy(resolver, Transport::tcp, {"--query-timeout", "40s"});
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  DotConnection connection = proxy.connect(leg);
  for (const Case& one : refused_messages()) {
    CAPTURE(one.what);
    // One in order between two that are not.
    REQUIRE(connection.ask(make_query("resolver.arpa.", dns::type::A)).rcode() == dns::rcode::NOERROR);
    const Bytes query = hex(one.message);
    connection.send(query);
    const dns::Message reply = connection.read_message();
    CHECK(reply.header.id == 0x1234);
    CHECK(reply.header.qr);
    CHECK(reply.header.opcode == ((query[2] >> 3) & 15));
    CHECK(reply.header.rd == ((query[2] & 1) != 0));
    CHECK(reply.rcode() == one.rcode);
    CHECK(reply.answers.empty());
  }
}

TEST_CASE("a refusal has an OPT exactly if the query had one that can be read") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tcp);
  DotConnection connection = proxy.connect(Transport::tls);
  CHECK(connection.ask(with_edns(make_query("tag.test.", dns::type::AXFR))).edns.has_value());
  CHECK_FALSE(connection.ask(make_query("tag.test.", dns::type::AXFR)).edns.has_value());
}

TEST_CASE("a refused query between two good ones takes neither along") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls);
  DotConnection connection = proxy.connect(Transport::tls);
  connection.send(make_query("delay-100.a.tag.test.", dns::type::A, 1));
  connection.send(hex("0002 0100 0000 0000 0000 0000"));
  connection.send(make_query("b.tag.test.", dns::type::A, 3));
  CHECK(connection.read_message().header.rcode == dns::rcode::FORMERR);
  CHECK(connection.read_message().header.id == 3);
  CHECK(connection.read_message().header.id == 1);
}

TEST_CASE(
    "eight refusals in a row are sent, then the connection is closed in order, queries in flight first") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, Arguments{"--idle-timeout", "60s"} + kWithMetrics);
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(to_string(leg));
  DotConnection connection = proxy.connect(leg);
  connection.send(make_query("delay-300.a.tag.test.", dns::type::A, 1));
  const std::vector<Case> garbage = refused_messages();
  for (std::size_t i = 0; i < 20; ++i) connection.send(hex(garbage[i % garbage.size()].message));
  for (int i = 0; i < 8; ++i) CHECK(connection.read_message().header.id == 0x1234);
  const dns::Message answer = connection.read_message();
  CHECK(answer.header.id == 1);
  CHECK(answer.rcode() == dns::rcode::NOERROR);
  CHECK_FALSE(connection.read());  // the end, by close_notify where there is TLS, and no reset
  const std::string ended = fmt::format(
      R"(dot_proxy_client_connections_ended_total{{transport="{}",reason="not_a_query"}})", to_string(leg));
  CHECK(Scraper(proxy).samples_once(ended, 1)[ended] == 1);
}

TEST_CASE("a query among garbage begins the count again, and UDP counts nothing") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, kWithUdp);
  const Bytes garbage = hex("0002 0100 0000 0000 0000 0000");
  for (const Transport transport : kAllLegs) {
    CAPTURE(to_string(transport));
    ClientLeg leg(proxy, transport);
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 7; ++i) {
        leg.send(garbage);
        CHECK(leg.read_message().rcode() == dns::rcode::FORMERR);
      }
      CHECK(leg.ask(make_query("a.tag.test.", dns::type::A)).rcode() == dns::rcode::NOERROR);
    }
  }
  ClientLeg udp(proxy, Transport::udp);
  for (int i = 0; i < 20; ++i) {
    udp.send(garbage);
    CHECK(udp.read_message().rcode() == dns::rcode::FORMERR);
  }
}

TEST_CASE("garbage does not keep a connection from being idle") {
  using std::chrono::milliseconds;
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, {"--idle-timeout", "2s"});
  DotConnection connection = proxy.connect(GENERATE(Transport::tls, Transport::tcp));
  CHECK(connection.ask(make_query("a.tag.test.", dns::type::A)).rcode() == dns::rcode::NOERROR);
  CHECK_FALSE(connection.closed_by_peer(net::Deadline::in(milliseconds(1500))));
  const auto sent = std::chrono::steady_clock::now();
  connection.send(hex("0002 0100 0000 0000 0000 0000"));
  CHECK(connection.read_message().rcode() == dns::rcode::FORMERR);
  CHECK(connection.closed_by_peer());
  CHECK(std::chrono::steady_clock::now() - sent < milliseconds(1900));  // 500 ms, were the machine ours
}
