// Every fault of an upstream seen from every listener: what the client got, and how long that took. The three
// clients ask together, so that one run of the clock serves them all.
#include <fmt/format.h>

#include "tests/integration/extended_error.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/scrape.h"

using Catch::Matchers::Contains;
using net::Transport;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kQueryTimeout{1200};
constexpr milliseconds kBusyMachine{3000};  // what sanitizers and other work may add to any time here
const Arguments kHurried = Arguments{"--query-timeout", "1200ms", "--hedge-after", "300ms"} + kWithUdp;

struct Case {
  std::string fault;
  std::string said;  // by the extended error
};

milliseconds since(Clock::time_point begin) {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
}

std::vector<ClientLeg> open_all(const Proxy& proxy) {
  std::vector<ClientLeg> legs;
  for (const Transport transport : kAllLegs) legs.emplace_back(proxy, transport);
  return legs;
}

void send_on_all(std::vector<ClientLeg>& legs, std::string_view name) {
  for (ClientLeg& leg : legs) leg.send(with_edns(make_query(name, dns::type::TXT, 4242)));
}

void check_right_answers(std::vector<ClientLeg>& legs, const std::string& name) {
  send_on_all(legs, name);
  for (ClientLeg& leg : legs) {
    CAPTURE(to_string(leg.transport()), name);
    const dns::Message reply = leg.read_message();
    CHECK(reply.header.id == 4242);
    CHECK(reply.header.rcode == dns::rcode::NOERROR);
    REQUIRE(reply.answers.size() == 1);
    CHECK(dns::rdata_to_text(reply.answers[0].rdata) == '"' + name + '"');
  }
}

// RFC 8914: SERVFAIL with Network Error (23) or, from an upstream's own nonsense, Other (0).
void check_failures(std::vector<ClientLeg>& legs, const std::string& upstream, const std::string& said) {
  for (ClientLeg& leg : legs) {
    CAPTURE(to_string(leg.transport()));
    const dns::Message reply = leg.read_message();
    CHECK(reply.header.id == 4242);
    CHECK(reply.header.rcode == dns::rcode::SERVFAIL);
    CHECK(reply.answers.empty());
    const FoundError error = extended_error_in(reply);
    CHECK((error.code == dns::ede::NETWORK_ERROR || error.code == dns::ede::OTHER));
    CHECK_THAT(error.text, Contains(upstream) && Contains(said));
  }
}

}  // namespace

TEST_CASE("faults that leave an answer somewhere cost no listener its answer (RFC 7766 §6.2, §7)") {
  const std::string fault = GENERATE(as<std::string>(), "reorder=40", "duplicate", "close-after=1",
                                     "close-after=2", "idle-close=30", "keepalive=0", "keepalive=1");
  const Transport upstream = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(fault, to_string(upstream));
  const LabResolver resolver({"--fault", fault});
  const Proxy proxy(resolver, upstream, kWithUdp);
  std::vector<ClientLeg> legs = open_all(proxy);
  const auto begin = Clock::now();
  for (int round = 0; round < 4; ++round) check_right_answers(legs, fmt::format("q{}.tag.test.", round));
  CHECK(since(begin) < 4 * milliseconds(40) + kBusyMachine);
}

TEST_CASE("answers that never come, or are no answers, end at the query's deadline on every listener") {
  const auto one = GENERATE(values<Case>({
      {"drop", "no answer within 1200 ms"},
      {"wrong-id", "no answer within 1200 ms"},        // RFC 5452 §9.1
      {"wrong-question", "no answer within 1200 ms"},  // the same
      {"stall-mid-frame", "no answer within 1200 ms"},
  }));
  const Transport upstream = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(one.fault, to_string(upstream));
  const LabResolver resolver({"--fault", one.fault + "=odd.tag.test"});
  const Proxy proxy(resolver, upstream, kHurried);
  std::vector<ClientLeg> legs = open_all(proxy);
  const auto begin = Clock::now();
  send_on_all(legs, "odd.tag.test.");
  check_failures(legs, resolver.uri(upstream), one.said);
  CHECK(since(begin) >= kQueryTimeout);
  CHECK(since(begin) < kQueryTimeout + kBusyMachine);
  check_right_answers(legs, "even.tag.test.");
}

TEST_CASE(
    "connections that break under a query end it after three tries, well before its deadline (RFC 9520 "
    "§3.1)") {
  const auto one = GENERATE(values<Case>({
      {"malformed", "unusable answer"},
      {"close-mid-frame", "closed"},
      {"reset", "reset"},
  }));
  const Transport upstream = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(one.fault, to_string(upstream));
  const LabResolver resolver({"--fault", one.fault + "=odd.tag.test"});
  Proxy proxy(resolver, upstream, Arguments{"--query-timeout", "8s"} + kWithUdp + kWithMetrics);
  std::vector<ClientLeg> legs = open_all(proxy);
  const auto begin = Clock::now();
  send_on_all(legs, "odd.tag.test.");
  check_failures(legs, resolver.uri(upstream), one.said);
  CHECK(since(begin) < kBusyMachine);
  check_right_answers(legs, "even.tag.test.");
  const bool unusable = std::string_view(one.fault) == "malformed";
  const std::string log = proxy.process().error_output();  // the operator is told as well
  CHECK((log.find("upstream-unusable-answer upstream=") != std::string::npos) == unusable);
  auto samples = Scraper(proxy).samples();
  const auto legs_failed = static_cast<double>(legs.size());
  CHECK(samples[R"(dot_proxy_queries_failed_total{cause="unusable_answer"})"] ==
        (unusable ? legs_failed : 0));
  CHECK(samples[R"(dot_proxy_queries_failed_total{cause="connection"})"] == (unusable ? 0 : legs_failed));
}

TEST_CASE(
    "an upstream that never becomes a trusted TLS server fails every query by its deadline (RFC 8310 §5)") {
  const auto one = GENERATE(values<Case>({
      {"expired", "expired"},
      {"wrong-name", "name mismatch"},
      {"wrong-ca", "untrusted issuer"},
      {"not-tls", "TLS protocol error"},
      {"tls11-only", "alert protocol_version"},
      {"stall-handshake", "no answer within 1200 ms"},
  }));
  CAPTURE(one.fault);
  const LabResolver resolver({"--fault", one.fault});
  const Proxy proxy(resolver, Transport::tls, kHurried);
  std::vector<ClientLeg> legs = open_all(proxy);
  for (int round = 0; round < 2; ++round) {
    const auto begin = Clock::now();
    send_on_all(legs, "www.tag.test.");
    check_failures(legs, resolver.uri(Transport::tls), one.said);
    CHECK(since(begin) < kQueryTimeout + kBusyMachine);
  }
}
