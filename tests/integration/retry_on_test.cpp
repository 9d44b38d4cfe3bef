// --retry-on: a resolver that could not, or would not, and another that is asked after it.
#include <fmt/format.h>
#include <fstream>

#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/dead_port.h"
#include "tests/support/scrape.h"
#include "tests/support/scripted_upstream.h"

using net::Transport;

namespace {

using Seen = ScriptedUpstream::Seen;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

dns::Message query(std::string_view name = "www.tag.test.") {
  return with_edns(make_query(name, dns::type::A));
}

// Its answers tell it from others: each has an extended DNS error with its name.
ScriptedUpstream::Script says(std::uint8_t rcode, const std::string& name) {
  return [=](const Seen& seen) {
    dns::Message answer = answer_to(seen.message());
    answer.header.rcode = rcode;
    answer.edns->options.push_back(dns::extended_error(dns::ede::OTHER, name));
    return dns::encode(answer);
  };
}

Bytes silence(const Seen&) {
  return {};
}

Bytes hang_up(const Seen&) {
  throw std::runtime_error("hang up");
}

std::string said(const dns::Message& reply) {
  const dns::EdnsOption* error = reply.edns ? reply.edns->find(dns::option::EXTENDED_ERROR) : nullptr;
  const std::string text = error != nullptr ? std::string(error->value.begin() + 2, error->value.end()) : "-";
  return dns::rcode_name(reply.rcode()) + ' ' + text;
}

constexpr auto kFail = dns::rcode::SERVFAIL;
constexpr auto kRefuse = dns::rcode::REFUSED;
constexpr auto kGood = dns::rcode::NOERROR;

Arguments retry(const char* rcodes) {
  return {"--retry-on", rcodes};
}

}  // namespace

TEST_CASE(
    "what --retry-on names makes the proxy ask the next upstream, once, and pass on what that one says") {
  struct Case {
    std::uint8_t first, second;
    const char* option;
    const char* expected;
  };
  const Case one = GENERATE(values<Case>({
      {kFail, kGood, "servfail,refused", "NOERROR second"},
      {kRefuse, kGood, "servfail,refused", "NOERROR second"},
      {kFail, kRefuse, "servfail,refused", "REFUSED second"},
      {kRefuse, kFail, "refused", "SERVFAIL second"},
      {kFail, dns::rcode::NXDOMAIN, "servfail", "NXDOMAIN second"},
      {kFail, kGood, "refused", "SERVFAIL first"},
      {dns::rcode::NXDOMAIN, kGood, "servfail,refused", "NXDOMAIN first"},
      {kFail, kGood, nullptr, "SERVFAIL first"},
  }));
  CAPTURE(one.first, one.second, one.expected);
  const ScriptedUpstream first(Transport::tcp, says(one.first, "first"));
  const ScriptedUpstream second(Transport::tcp, says(one.second, "second"));
  const ScriptedUpstream third(Transport::tcp, says(kGood, "third"));
  Proxy proxy(first.as_upstream() + second.as_upstream() + third.as_upstream() + kWithUdp + kWithMetrics +
              (one.option != nullptr ? retry(one.option) : Arguments{}));
  for (const Transport leg : kAllLegs) {
    CAPTURE(to_string(leg));
    const dns::Message reply = ClientLeg(proxy, leg).ask(query());
    CHECK(said(reply) == one.expected);
    CHECK(reply.header.id == query().header.id);
  }
  const std::size_t retried = std::string(one.expected).ends_with("second") ? 3 : 0;
  CHECK(first.seen().size() == 3);
  CHECK(second.seen().size() == retried);
  CHECK(Scraper(proxy).samples()[R"(dot_proxy_queries_sent_again_total{cause="refused"})"] ==
        static_cast<double>(retried));
  CHECK(third.seen().empty());
}

TEST_CASE("over TLS, too, a name that the first resolver refuses is answered by the second") {
  const TempDir directory;
  std::ofstream(directory.file("zone"))
      << "only.second. 60 IN SOA . . 1 1 1 1 1\nonly.second. 60 IN A 192.0.2.1\n";
  const Arguments same_ca = {"--ca-dir", directory.file("ca")};
  const LabResolver first(same_ca);
  const LabResolver second(same_ca + Arguments{"--zone", directory.file("zone")});
  const Proxy proxy(Arguments{"--upstream", first.uri(Transport::tls), "--upstream",
                              second.uri(Transport::tls), "--upstream-ca", first.ca_file()} +
                    retry("refused") + kWithUdp);
  for (const Transport leg : kAllLegs) {
    CAPTURE(to_string(leg));
    ClientLeg client(proxy, leg);
    CHECK(said(client.ask(query("only.second."))) == "NOERROR -");
    CHECK(said(client.ask(query("not.in.any.zone."))) ==  // both say so
          "REFUSED no zone of labresolver's has that name");
  }
}

TEST_CASE("where the second resolver says nothing, the client gets what the first one said") {
  const bool hangs_up = GENERATE(true, false);
  const ScriptedUpstream first(Transport::tcp, says(kRefuse, "first"));
  const ScriptedUpstream second(Transport::tcp, hangs_up ? hang_up : silence);
  const Proxy proxy(first.as_upstream() + second.as_upstream() + retry("refused") + kWithUdp +
                    Arguments{"--query-timeout", "500ms"});
  for (const Transport leg : kAllLegs) {
    CAPTURE(to_string(leg));
    const auto begin = Clock::now();
    CHECK(said(ClientLeg(proxy, leg).ask(query())) == "REFUSED first");
    if (leg == kAllLegs[0] && !hangs_up) CHECK(Clock::now() - begin >= milliseconds(500));
  }
  CHECK(first.seen().size() == 3);
  CHECK(second.seen().size() >= 1);
  CHECK(second.seen().size() <= 6);  // once each, and once more over a fresh connection
}

TEST_CASE("where no other resolver can be asked, what the first one said is passed on at once") {
  const ScriptedUpstream first(Transport::tcp, says(kFail, "first"));
  const DeadPort gone;
  const Proxy proxy(first.as_upstream() + Arguments{"--upstream", gone.uri(), "--query-timeout", "9s"} +
                    retry("servfail") + kWithUdp);
  const auto begin = Clock::now();
  for (int i = 0; i < 30; ++i)
    for (const Transport leg : kAllLegs) CHECK(said(ClientLeg(proxy, leg).ask(query())) == "SERVFAIL first");
  CHECK(Clock::now() - begin < std::chrono::seconds(6));
  CHECK(first.seen().size() == 90);
}

TEST_CASE("where two resolvers were asked at once, the refusal that comes last counts") {
  const ScriptedUpstream first(Transport::tcp, [](const Seen& seen) {
    std::this_thread::sleep_for(milliseconds(400));  // an answer's time: longer than --hedge-after
    return says(kRefuse, "first")(seen);
  });
  const ScriptedUpstream second(Transport::tcp, says(kRefuse, "second"));
  const Proxy proxy(first.as_upstream() + second.as_upstream() + Arguments{"--hedge-after", "150ms"} +
                    retry("refused"));
  CHECK(said(proxy.connect(Transport::tls).ask(query())) == "REFUSED first");
  CHECK(first.seen().size() == 1);
  CHECK(second.seen().size() == 1);
}

TEST_CASE("many queries at once, half of them refused: each gets its own answer from whoever has it") {
  const auto refuse_odd = [](bool odd, const char* name) {
    return [=](const Seen& seen) {
      const dns::Message asked = seen.message();
      const bool is_odd = asked.questions[0].name.to_string()[1] % 2 == 1;
      return says(is_odd == odd ? kRefuse : kGood, name)(seen);
    };
  };
  const ScriptedUpstream first(Transport::tcp, refuse_odd(true, "first"));
  const ScriptedUpstream second(Transport::tcp, refuse_odd(false, "second"));
  const Proxy proxy(first.as_upstream() + second.as_upstream() + retry("refused") + kWithUdp);
  for (const Transport leg : kAllLegs) {
    CAPTURE(to_string(leg));
    ClientLeg client(proxy, leg);
    for (std::uint16_t i = 0; i < 50; ++i)
      client.send(with_edns(make_query(fmt::format("n{}.test.", i % 10), dns::type::A, i)));
    for (int i = 0; i < 50; ++i) {
      const dns::Message reply = client.read_message();
      CHECK(said(reply) == (reply.header.id % 2 == 1 ? "NOERROR second" : "NOERROR first"));
      CHECK(reply.questions[0].name.to_string() == fmt::format("n{}.test.", reply.header.id % 10));
    }
  }
}
