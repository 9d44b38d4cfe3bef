// Upstreams that are away, go away, or take their time: every query ends (DESIGN, law 5), and none is lost
// that another connection could still have answered.
#include <fmt/format.h>

#include "common/net/tcp.h"
#include "tests/integration/extended_error.h"
#include "tests/support/catch.h"
#include "tests/support/dead_port.h"
#include "tests/support/lab.h"

using Catch::Matchers::Contains;
using net::Transport;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

dns::Message ask_tagged(DotConnection& connection, std::string_view name, std::uint16_t id = 1) {
  return connection.ask(with_edns(make_query(name, dns::type::TXT, id)));
}

}  // namespace

TEST_CASE("an upstream that is down ends in SERVFAIL that names it") {
  const DeadPort port;
  const Transport upstream = GENERATE(Transport::tls, Transport::tcp);
  const Proxy proxy({"--upstream", fmt::format("{}://{}", to_string(upstream), port.address().to_string())});
  DotConnection connection = proxy.connect(Transport::tls);
  const dns::Message reply = ask_tagged(connection, "a.tag.test.");
  CHECK(reply.header.rcode == dns::rcode::SERVFAIL);
  const FoundError error = extended_error_in(reply);
  CHECK(error.code == dns::ede::NO_REACHABLE_AUTHORITY);
  CHECK_THAT(error.text, Contains("connect to " + port.address().to_string() + ": Connection refused"));
}

TEST_CASE("each query that fails has its line in the log of a proxy that debugs, without its name") {
  const DeadPort port;
  Proxy proxy({"--upstream", port.uri(), "--log-level", "debug"});
  DotConnection connection = proxy.connect(Transport::tls);
  for (std::uint16_t id = 1; id <= 3; ++id) ask_tagged(connection, "secret.tag.test.", id);
  const std::string log = proxy.process().error_output();
  std::size_t lines = 0;
  for (auto at = log.find("debug query-failed client=127.0.0.1:"); at != std::string::npos;
       at = log.find("debug query-failed", at + 1)) {
    CHECK_THAT(log.substr(at, log.find('\n', at) - at), Contains("Connection refused"));
    ++lines;
  }
  CHECK(lines == 3);
  CHECK_THAT(log, !Contains("secret"));
}

TEST_CASE("when the first upstream is down the second one answers") {
  const DeadPort port;
  const LabResolver resolver;
  const Proxy proxy({"--upstream", port.uri(), "--upstream", resolver.uri(Transport::tcp)});
  DotConnection connection = proxy.connect(Transport::tls);
  CHECK(ask_tagged(connection, "a.tag.test.").header.rcode == dns::rcode::NOERROR);
}

TEST_CASE("an upstream that closes idle connections costs no query") {
  const Transport upstream = GENERATE(Transport::tls, Transport::tcp);
  const LabResolver resolver({"--fault", "idle-close=50"});
  const Proxy proxy(resolver, upstream);
  DotConnection connection = proxy.connect(Transport::tls);
  REQUIRE(ask_tagged(connection, "a.tag.test.").header.rcode == dns::rcode::NOERROR);
  // A witness goes idle after the proxy's connection did; once it is closed, so is the other.
  DotConnection witness = resolver.connect(upstream);
  REQUIRE(ask_tagged(witness, "w.tag.test.").header.rcode == dns::rcode::NOERROR);
  REQUIRE(witness.closed_by_peer());
  CHECK(ask_tagged(connection, "b.tag.test.").header.rcode == dns::rcode::NOERROR);
}

TEST_CASE("an upstream that closes after every answer costs no query") {
  const Transport upstream = GENERATE(Transport::tls, Transport::tcp);
  const LabResolver resolver({"--fault", "close-after=1"});
  const Proxy proxy(resolver, upstream);
  DotConnection connection = proxy.connect(Transport::tcp);
  for (std::uint16_t i = 0; i < 10; ++i) {
    const dns::Message reply = ask_tagged(connection, fmt::format("q{}.tag.test.", i), i);
    CHECK(reply.header.id == i);
    CHECK(reply.header.rcode == dns::rcode::NOERROR);
  }
}

TEST_CASE("an upstream that was stopped and started again on its port answers the next query") {
  std::optional<LabResolver> resolver(std::in_place);
  const net::Endpoint endpoint = resolver->endpoint(Transport::tcp);
  const Proxy proxy(*resolver, Transport::tcp);
  DotConnection connection = proxy.connect(Transport::tls);
  REQUIRE(ask_tagged(connection, "a.tag.test.").header.rcode == dns::rcode::NOERROR);
  resolver.reset();
  resolver.emplace(Arguments{"--listen", endpoint.to_string()});
  CHECK(ask_tagged(connection, "b.tag.test.").header.rcode == dns::rcode::NOERROR);
}

TEST_CASE("a slow answer holds up no other one") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls);
  DotConnection connection = proxy.connect(Transport::tls);
  const auto begin = Clock::now();
  connection.send(make_query("delay-1500.slow.tag.test.", dns::type::TXT, 1));
  for (std::uint16_t id = 2; id < 22; ++id)
    connection.send(make_query(fmt::format("quick{}.tag.test.", id), dns::type::TXT, id));
  for (int i = 0; i < 20; ++i) CHECK(connection.read_message().header.id != 1);
  CHECK(connection.read_message().header.id == 1);
  CHECK(Clock::now() - begin >= milliseconds(1500));
}

TEST_CASE("pipelined queries take one round trip of a distant upstream, not one each") {
  const LabResolver resolver({"--delay", "200"});
  const Proxy proxy(resolver, Transport::tls);
  DotConnection connection = proxy.connect(Transport::tls);
  const auto begin = Clock::now();
  for (std::uint16_t id = 0; id < 50; ++id)
    connection.send(make_query(fmt::format("q{}.tag.test.", id), dns::type::TXT, id));
  for (int i = 0; i < 50; ++i) CHECK(connection.read_message().header.rcode == dns::rcode::NOERROR);
  CHECK(Clock::now() - begin >= milliseconds(200));
  CHECK(Clock::now() - begin < seconds(9));  // one after the other they would take ten
}

TEST_CASE("a query that is never answered ends at its own deadline and hurts no other") {
  const LabResolver resolver({"--fault", "drop=lost.tag.test"});
  const Proxy proxy(resolver, Transport::tls, {"--query-timeout", "2s"});
  DotConnection connection = proxy.connect(Transport::tls);
  const auto begin = Clock::now();
  connection.send(with_edns(make_query("lost.tag.test.", dns::type::TXT, 1)));
  connection.send(make_query("found.tag.test.", dns::type::TXT, 2));
  CHECK(connection.read_message().header.id == 2);
  const dns::Message lost = connection.read_message();
  CHECK(lost.header.id == 1);
  CHECK(lost.header.rcode == dns::rcode::SERVFAIL);
  CHECK_THAT(extended_error_in(lost).text, Contains("no answer within 2000 ms"));
  CHECK(Clock::now() - begin >= seconds(2));
  CHECK(Clock::now() - begin < seconds(9));
}

TEST_CASE("an answer that does not match its query is never delivered") {
  const std::string fault = GENERATE("wrong-id", "wrong-question");
  CAPTURE(fault);
  const LabResolver resolver({"--fault", fault + "=odd.tag.test"});
  const Proxy proxy(resolver, Transport::tls, {"--query-timeout", "2s"});
  DotConnection connection = proxy.connect(Transport::tls);
  const dns::Message odd = ask_tagged(connection, "odd.tag.test.", 1);
  CHECK(odd.header.rcode == dns::rcode::SERVFAIL);
  const dns::Message even = ask_tagged(connection, "even.tag.test.", 2);
  CHECK(even.header.id == 2);
  CHECK(even.header.rcode == dns::rcode::NOERROR);
}

TEST_CASE("an answer that comes twice is delivered once") {
  const LabResolver resolver({"--fault", "duplicate"});
  const Proxy proxy(resolver, Transport::tls);
  DotConnection connection = proxy.connect(Transport::tls);
  for (std::uint16_t id = 1; id <= 20; ++id) {
    const std::string name = fmt::format("q{}.tag.test.", id);
    const dns::Message reply = ask_tagged(connection, name, id);
    CHECK(reply.header.id == id);
    REQUIRE(reply.answers.size() == 1);
    CHECK(dns::rdata_to_text(reply.answers[0].rdata) == '"' + name + '"');
  }
}

TEST_CASE("an upstream that breaks in the middle of an answer ends in SERVFAIL, in time") {
  const std::string fault = GENERATE("close-mid-frame", "stall-mid-frame", "reset", "malformed");
  CAPTURE(fault);
  const LabResolver resolver({"--fault", fault + "=odd.tag.test"});
  const Transport upstream = GENERATE(Transport::tls, Transport::tcp);
  const Proxy proxy(resolver, upstream, {"--query-timeout", "2s"});
  DotConnection connection = proxy.connect(Transport::tls);
  const auto begin = Clock::now();
  CHECK(ask_tagged(connection, "odd.tag.test.", 1).header.rcode == dns::rcode::SERVFAIL);
  CHECK(Clock::now() - begin < seconds(9));
  CHECK(ask_tagged(connection, "even.tag.test.", 2).header.rcode == dns::rcode::NOERROR);
}
