// An upstream that cannot be trusted gets no query, and the client learns why: SERVFAIL with an extended DNS
// error naming the upstream and the cause (DESIGN, laws 4 and 5).
#include <fmt/format.h>

#include "tests/integration/extended_error.h"
#include "tests/support/catch.h"
#include "tests/support/lab.h"
#include "tests/support/scrape.h"

using Catch::Matchers::Contains;
using net::Transport;

namespace {

struct Case {
  std::string fault;
  std::string cause;  // a word of it, as the extended error must say it
};

void check_refusal(const LabResolver& resolver, const Proxy& proxy, const std::string& cause) {
  DotConnection connection = proxy.connect(Transport::tls);
  const dns::Message reply = connection.ask(with_edns(make_query("www.tag.test.", dns::type::A)));
  CHECK(reply.header.rcode == dns::rcode::SERVFAIL);
  CHECK(reply.answers.empty());
  REQUIRE(reply.questions.size() == 1);
  const FoundError error = extended_error_in(reply);
  CHECK((error.code == dns::ede::NETWORK_ERROR || error.code == dns::ede::NO_REACHABLE_AUTHORITY));
  CHECK_THAT(error.text, Contains(resolver.endpoint(Transport::tls).address.to_string()));
  CHECK_THAT(error.text, Contains(cause));
}

}  // namespace

TEST_CASE("an upstream whose certificate or protocol is wrong ends in SERVFAIL that says so") {
  const auto one = GENERATE(values<Case>({
      {"expired", "expired"},
      {"wrong-name", "name mismatch"},
      {"wrong-ca", "untrusted issuer"},
      {"not-tls", "TLS protocol error"},
      {"tls11-only", "alert protocol_version"},
  }));
  CAPTURE(one.fault);
  const LabResolver resolver({"--fault", one.fault});
  const Proxy proxy(resolver, Transport::tls);
  check_refusal(resolver, proxy, one.cause);
}

TEST_CASE("an upstream that never finishes the handshake ends in SERVFAIL at the query's deadline") {
  const LabResolver resolver({"--fault", "stall-handshake"});
  Proxy proxy(resolver, Transport::tls, Arguments{"--query-timeout", "1s"} + kWithMetrics);
  check_refusal(resolver, proxy, "no answer within");
  CHECK(Scraper(proxy).samples()[R"(dot_proxy_upstream_connections_raced_total{rival="same_upstream"})"] >=
        1);
}

TEST_CASE("a right certificate for a name that was not asked for is refused") {
  const LabResolver resolver;
  const Proxy proxy({"--upstream", resolver.endpoint(Transport::tls).to_string() + "#other.test",
                     "--upstream-ca", resolver.ca_file()});
  check_refusal(resolver, proxy, "name mismatch");
}

TEST_CASE("an upstream without a name is checked by its address") {
  const LabResolver resolver;
  const Proxy proxy(
      {"--upstream", resolver.endpoint(Transport::tls).to_string(), "--upstream-ca", resolver.ca_file()});
  DotConnection connection = proxy.connect(Transport::tls);
  CHECK(connection.ask(make_query("www.tag.test.", dns::type::A)).header.rcode == dns::rcode::NOERROR);
}

TEST_CASE("an upstream that lacks its address among its names is refused") {
  const LabResolver resolver({"--names", "DNS:lab.test"});
  const Proxy proxy(
      {"--upstream", resolver.endpoint(Transport::tls).to_string(), "--upstream-ca", resolver.ca_file()});
  check_refusal(resolver, proxy, "name mismatch");
}

TEST_CASE("a query without EDNS gets SERVFAIL without EDNS") {
  const LabResolver resolver({"--fault", "wrong-ca"});
  const Proxy proxy(resolver, Transport::tls);
  const dns::Message reply = proxy.connect(Transport::tcp).ask(make_query("www.tag.test.", dns::type::A));
  CHECK(reply.header.rcode == dns::rcode::SERVFAIL);
  CHECK_FALSE(reply.edns.has_value());  // RFC 6891 §7
}
