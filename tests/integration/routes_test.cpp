// --for: names go to the resolvers of their suffix, and to no other, whatever becomes of these.
#include <csignal>
#include <deque>
#include <fmt/format.h>
#include <fstream>

#include "tests/integration/extended_error.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/dead_port.h"
#include "tests/support/scrape.h"
#include "tests/support/scripted_upstream.h"

using Catch::Matchers::Contains;
using net::Transport;

namespace {

using Seen = ScriptedUpstream::Seen;
using std::chrono::milliseconds;

dns::Message query(std::string_view name, std::uint16_t id = 1) {
  return with_edns(make_query(name, dns::type::A, id));
}

// Its answers carry an extended DNS error with its name.
ScriptedUpstream::Script says(const std::string& name, std::uint8_t rcode = dns::rcode::NOERROR) {
  return [=](const Seen& seen) {
    dns::Message answer = answer_to(seen.message());
    answer.header.rcode = rcode;
    answer.edns->options.push_back(dns::extended_error(dns::ede::OTHER, name));
    return dns::encode(answer);
  };
}

std::string said(const dns::Message& reply) {
  return dns::rcode_name(reply.rcode()) + ' ' + extended_error_in(reply).text;
}

Arguments clear_for(const char* suffix) {
  return {"--for", suffix, "--clear"};
}

std::vector<std::string> names_seen(const ScriptedUpstream& upstream) {
  std::vector<std::string> names;
  for (const Seen& one : upstream.seen()) names.push_back(one.message().questions[0].name.to_string());
  return names;
}

// Of an upstream that refuses; another one each time.
std::string gone() {
  static std::deque<DeadPort> ports;
  return ports.emplace_back().uri();
}

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("names go to the resolvers of their suffix on every leg, and only what is encrypted is padded") {
  const ScriptedUpstream general(Transport::tls, says("general"));
  const ScriptedUpstream corp(Transport::tcp, says("corp"));
  const ScriptedUpstream lab(Transport::tcp, says("lab"));
  Proxy proxy(general.as_upstream() + Arguments{"--pad", "always"} + corp.as_upstream() +
              clear_for("corp.test") + Arguments{"--for", "10.in-addr.arpa"} + lab.as_upstream() +
              clear_for("lab.corp.test") + kWithUdp + kWithMetrics);
  for (const Transport leg : kAllLegs) {
    CAPTURE(to_string(leg));
    ClientLeg client(proxy, leg);
    CHECK(said(client.ask(query("www.test."))) == "NOERROR general");
    CHECK(said(client.ask(query("www.corp.test."))) == "NOERROR corp");
    CHECK(said(client.ask(query("LAB.Corp.test."))) == "NOERROR lab");
    CHECK(said(client.ask(query("1.2.3.10.in-addr.arpa."))) == "NOERROR corp");
    CHECK(said(client.ask(query("notcorp.test."))) == "NOERROR general");
  }
  const auto thrice = [](const Names& names) {
    Names all;
    for (int i = 0; i < 3; ++i) all.insert(all.end(), names.begin(), names.end());
    return all;
  };
  CHECK(names_seen(general) == thrice({"www.test.", "notcorp.test."}));
  CHECK(names_seen(corp) == thrice({"www.corp.test.", "1.2.3.10.in-addr.arpa."}));
  CHECK(names_seen(lab) == thrice({"LAB.Corp.test."}));
  CHECK(general.last_seen().octets.size() % 128 == 0);
  CHECK(general.last_seen().message().edns->find(dns::option::PADDING) != nullptr);
  for (const ScriptedUpstream* const one : {&corp, &lab}) {
    CHECK(one->last_seen().octets.size() % 128 != 0);
    CHECK(one->last_seen().message().edns->find(dns::option::PADDING) == nullptr);
  }

  // It was said at the start, once for each suffix.
  const std::string log = proxy.process().error_output();
  CHECK(count(log, " warning names-in-clear ") == 3);
  for (const char* const suffix : {"corp.test.", "10.in-addr.arpa.", "lab.corp.test."})
    CHECK_THAT(log, Contains(fmt::format("names-in-clear for={} upstreams=tcp://", suffix)));
  const std::string page = Scraper(proxy).content("/metrics");
  CHECK_THAT(page, Contains(",suffix=\"corp.test. 10.in-addr.arpa.\"} ") &&
                       Contains(",suffix=\"lab.corp.test.\",le=\"0.001\"} "));
}

TEST_CASE("what the resolvers of a suffix cannot answer is SERVFAIL, and no other resolver hears of it") {
  const auto how = GENERATE(values<std::string>({"gone", "hangs up", "silent", "refuses"}));
  CAPTURE(how);
  const ScriptedUpstream general(Transport::tcp, says("general")), other(Transport::tcp, says("other"));
  const ScriptedUpstream corp(Transport::tcp, [how](const Seen& seen) -> Bytes {
    if (how == "hangs up") throw std::runtime_error(how);
    return how == "silent" ? Bytes{} : says("corp", dns::rcode::REFUSED)(seen);
  });
  const Proxy proxy(general.as_upstream() + other.as_upstream() +
                    (how == "gone" ? Arguments{"--upstream", gone()} : corp.as_upstream()) +
                    clear_for("corp.test") + kWithUdp +
                    Arguments{"--query-timeout", "300ms", "--hedge-after", "50ms", "--retry-on",
                              "servfail,refused", "--policy", "fastest"});
  for (const Transport leg : kAllLegs) {
    CAPTURE(to_string(leg));
    ClientLeg client(proxy, leg);
    const dns::Message reply = client.ask(query("www.corp.test."));
    if (how == "refuses") {
      CHECK(said(reply) == "REFUSED corp");
    } else {
      CHECK(reply.rcode() == dns::rcode::SERVFAIL);
      CHECK_THAT(extended_error_in(reply).text, Contains("tcp://127.0.0.1:"));
      CHECK(extended_error_in(reply).code ==
            (how == "gone" ? dns::ede::NO_REACHABLE_AUTHORITY : dns::ede::NETWORK_ERROR));
    }
    CHECK_THAT(said(client.ask(query("www.test."))), Contains("NOERROR "));
  }
  for (const ScriptedUpstream* const one : {&general, &other})
    for (const std::string& name : names_seen(*one)) CHECK(name == "www.test.");
  if (how != "gone") CHECK(corp.seen().size() >= 3);
}

TEST_CASE("names of others do not wait for a suffix whose resolver is away, nor does its own second one") {
  const ScriptedUpstream general(Transport::tcp, says("general")), spare(Transport::tcp, says("spare"));
  const Arguments dead = {"--upstream", gone()};
  const Proxy proxy(general.as_upstream() + dead + clear_for("dead.test") + Arguments{"--upstream", gone()} +
                    clear_for("corp.test") + spare.as_upstream() + clear_for("corp.test") +
                    Arguments{"--query-timeout", "1s"});
  DotConnection client = proxy.connect(Transport::tls);
  CHECK(said(client.ask(query("www.corp.test."))) == "NOERROR spare");
  // It is tried again each tenth of a second until its time is over: all these are answered before.
  client.send(query("www.dead.test.", 99));
  for (std::uint16_t i = 0; i < 30; ++i) CHECK(client.ask(query("www.test.", i)).header.id == i);
  const dns::Message last = client.read_message();
  CHECK(last.header.id == 99);
  CHECK(last.rcode() == dns::rcode::SERVFAIL);
  CHECK(names_seen(spare) == Names{"www.corp.test."});
}

TEST_CASE("where every upstream is for suffixes, other names are refused, with the reason") {
  const ScriptedUpstream corp(Transport::tcp, says("corp"));
  Proxy proxy(corp.as_upstream() + clear_for("corp.test") + kWithUdp + kWithMetrics);
  for (const Transport leg : kAllLegs) {
    CAPTURE(to_string(leg));
    ClientLeg client(proxy, leg);
    const dns::Message reply = client.ask(query("www.test."));
    CHECK(said(reply) == "REFUSED the name is below no --for, and no --upstream is for all");
    CHECK(extended_error_in(reply).code == dns::ede::NOT_AUTHORITATIVE);
    CHECK(said(client.ask(query("www.corp.test."))) == "NOERROR corp");
  }
  CHECK(corp.seen().size() == 3);
  CHECK_THAT(Scraper(proxy).content("/ready"), Contains("has answered"));
}

TEST_CASE("the resolvers of a suffix have no say in whether the proxy is ready, as long as others do") {
  const ScriptedUpstream up(Transport::tcp, says("up"));
  const bool is_general_up = GENERATE(true, false);
  const Arguments down = {"--upstream", gone()};
  Proxy proxy((is_general_up ? up.as_upstream() + down : down + up.as_upstream()) + clear_for("corp.test") +
              kWithMetrics);
  CHECK_THAT(Scraper(proxy).get("/ready"), Contains(is_general_up ? "200 OK" : "503 "));
}

TEST_CASE("what the cache asks for by itself goes where its name belongs, too") {
  const ScriptedUpstream general(Transport::tcp, says("general"));
  const ScriptedUpstream corp(Transport::tcp, [](const Seen& seen) {
    dns::Message answer = answer_to(seen.message());
    answer.answers.push_back({answer.questions[0].name, dns::type::A, dns::klass::IN, 1,
                              dns::parse_rdata(dns::type::A, "192.0.2.1").value()});
    return dns::encode(answer);
  });
  const Proxy proxy(general.as_upstream() + corp.as_upstream() + clear_for("corp.test") +
                    Arguments{"--cache", "100", "--serve-stale", "60"});
  DotConnection client = proxy.connect(Transport::tls);
  const auto deadline = net::Deadline::in(kPatience);
  while (corp.seen().size() < 2 && !deadline.expired())  // until its second is over, or nearly
    CHECK(client.ask(query("www.corp.test.")).answers.size() == 1);
  CHECK(corp.seen().size() >= 2);
  CHECK(general.seen().empty());
}

TEST_CASE("at SIGHUP a suffix that another upstream has now needs a restart, and goes where it did") {
  const ScriptedUpstream first(Transport::tcp, says("first")), second(Transport::tcp, says("second"));
  const TempDir files;
  const std::string config = files.file("proxy.conf");
  const auto write = [&](bool moved) {
    const auto line = [](const ScriptedUpstream& one) { return "upstream " + one.as_upstream()[1] + "\n"; };
    const char* const words = "for corp.test\nclear\n";
    std::ofstream(config) << (moved ? line(first) + line(second) + words
                                    : line(first) + words + line(second));
  };
  write(false);
  Proxy proxy({"--config", config});
  CHECK(said(proxy.connect(Transport::tls).ask(query("www.corp.test."))) == "NOERROR first");
  write(true);
  proxy.process().signal(SIGHUP);
  const auto deadline = net::Deadline::in(kPatience);
  while (count(proxy.process().error_output(), " reloaded ") == 0 && !deadline.expired())
    std::this_thread::sleep_for(milliseconds(5));
  CHECK_THAT(proxy.process().error_output(), Contains("by=SIGHUP changed=none needs-restart=\"clear for\""));
  CHECK(said(proxy.connect(Transport::tls).ask(query("www.corp.test."))) == "NOERROR first");
}
