// Several upstreams, and upstreams that come and go: who answers, how soon, and how often a query is sent.
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "tests/integration/extended_error.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/dead_port.h"
#include "tests/support/scripted_upstream.h"

using net::Transport;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kBusyMachine{3000};  // what sanitizers and other work may add to any time here

dns::Message query(std::string_view name, std::uint16_t id = 1) {
  return with_edns(make_query(name, dns::type::TXT, id));
}

bool is_right(const dns::Message& reply, const std::string& name) {
  return reply.header.rcode == dns::rcode::NOERROR && reply.answers.size() == 1 &&
         dns::rdata_to_text(reply.answers[0].rdata) == '"' + name + '"';
}

// A resolver that says, as TXT of who.test, which one it is.
struct Named {
  explicit Named(const std::string& name, const Arguments& extra = {}) {
    std::ofstream(directory.file("zone"))
        << fmt::format("who.test. 60 IN SOA . . 1 1 1 1 1\nwho.test. 60 IN TXT {}\n", name);
    resolver.emplace(Arguments{"--zone", directory.file("zone")} + extra);
  }
  TempDir directory;
  std::optional<LabResolver> resolver;
};

std::string who_answers(DotConnection& client) {
  const dns::Message reply = client.ask(query("who.test."));
  return reply.answers.size() == 1 ? dns::rdata_to_text(reply.answers[0].rdata) : "nobody";
}

// Asks on every leg, again and again, each time waiting for answers only until the next.
class Clients {
 public:
  explicit Clients(const Proxy& proxy) {
    for (const Transport transport : kAllLegs) legs_.emplace_back(proxy, transport);
  }

  // Until every leg has had a right answer, or the time is over. True in the first case.
  bool ask_until_answered(net::Deadline deadline) {
    std::vector<bool> answered(legs_.size(), false);
    while (std::ranges::count(answered, false) > 0 && !deadline.expired()) {
      for (ClientLeg& leg : legs_) leg.send(query("www.tag.test."));
      const auto next = earlier(deadline, net::Deadline::in(milliseconds(100)));
      for (std::size_t i = 0; i < legs_.size(); ++i)
        while (const auto reply = legs_[i].next_message(next))
          if (is_right(*reply, "www.tag.test.")) answered[i] = true;
    }
    return std::ranges::count(answered, false) == 0;
  }

 private:
  std::vector<ClientLeg> legs_;
};

// How long upstreams stay away: DOT_OUTAGES="60 600" asks for long ones, in seconds.
std::vector<long> outages() {
  const char* const asked = std::getenv("DOT_OUTAGES");
  std::istringstream words(asked != nullptr ? asked : "1 4");
  return {std::istream_iterator<long>(words), {}};
}

// The wire's way to say that something is wrong: the connection ends without an answer.
Bytes hang_up(const ScriptedUpstream::Seen&) {
  throw std::runtime_error("hang up");
}

}  // namespace

TEST_CASE("where the first upstream fails, the second one answers, on every leg and soon") {
  const std::string fault = GENERATE(as<std::string>(), "expired", "wrong-ca", "wrong-name", "not-tls",
                                     "tls11-only", "stall-handshake", "drop", "stall-mid-frame", "reset",
                                     "close-mid-frame", "wrong-id", "wrong-question");
  CAPTURE(fault);
  const LabResolver first({"--fault", fault});
  const LabResolver second;
  const TempDir directory;
  std::ofstream(directory.file("both.pem"))
      << std::ifstream(first.ca_file()).rdbuf() << std::ifstream(second.ca_file()).rdbuf();
  const Proxy proxy(Arguments{"--upstream", first.uri(Transport::tls), "--upstream",
                              second.uri(Transport::tls), "--upstream-ca", directory.file("both.pem"),
                              "--hedge-after", "200ms"} +
                    kWithUdp);
  const auto begin = Clock::now();
  for (const Transport leg : kAllLegs) {
    CAPTURE(to_string(leg));
    CHECK(is_right(ClientLeg(proxy, leg).ask(query("www.tag.test.")), "www.tag.test."));
  }
  CHECK(Clock::now() - begin < milliseconds(3 * 200) + kBusyMachine);
}

TEST_CASE("a resolver that is merely slow gets its answer through, though others were asked meanwhile") {
  const bool second_is_dead = GENERATE(true, false);
  const LabResolver slow({"--delay", "700"});
  const LabResolver dead({"--fault", "drop"});
  Arguments arguments = {"--upstream", slow.uri(Transport::tcp), "--hedge-after", "150ms"};
  if (second_is_dead) arguments = arguments + Arguments{"--upstream", dead.uri(Transport::tcp)};
  const Proxy proxy(arguments + kWithUdp);
  for (const Transport leg : kAllLegs) {
    CAPTURE(to_string(leg));
    CHECK(is_right(ClientLeg(proxy, leg).ask(query("www.tag.test.")), "www.tag.test."));
  }
}

TEST_CASE("an upstream that failed is passed over, and asked again seconds after it is back, not minutes") {
  std::optional<Named> first(std::in_place, "first");
  const Named second("second");
  const net::Endpoint endpoint = first->resolver->endpoint(Transport::tcp);
  const Proxy proxy({"--upstream", endpoint.to_string(), "--upstream", second.resolver->uri(Transport::tcp)});
  DotConnection client = proxy.connect(Transport::tls);
  REQUIRE(who_answers(client) == "\"first\"");
  first.reset();
  for (int i = 0; i < 100; ++i) REQUIRE(who_answers(client) == "\"second\"");
  first.emplace("first", Arguments{"--listen", endpoint.to_string()});
  const auto begin = Clock::now();
  std::string who;
  while (who != "\"first\"" && Clock::now() - begin < seconds(10)) who = who_answers(client);
  CHECK(who == "\"first\"");  // the first penalty is a quarter of a second, the next one a half
  CHECK(Clock::now() - begin < seconds(1) + kBusyMachine);
}

TEST_CASE("with --policy fastest the fastest is asked, and when it dies the slow one answers") {
  const Transport upstream = GENERATE(Transport::tls, Transport::tcp);
  const TempDir ca;
  const Arguments same_ca = {"--ca-dir", ca.file("ca")};
  const Named slow("slow",
                   Arguments{"--delay", "400"} + same_ca);  // more than a busy machine adds to the other
  std::optional<Named> fast(std::in_place, "fast", same_ca);
  Arguments arguments = {"--policy",   "fastest",
                         "--upstream", slow.resolver->uri(upstream),
                         "--upstream", fast->resolver->uri(upstream)};
  if (upstream == Transport::tls)
    arguments = arguments + Arguments{"--upstream-ca", slow.resolver->ca_file()};
  const Proxy proxy(arguments);
  DotConnection client = proxy.connect(Transport::tls);
  // The first query goes to the first upstream, the second measures the other one.
  CHECK(who_answers(client) == "\"slow\"");
  CHECK(who_answers(client) == "\"fast\"");
  unsigned by_slow = 0;
  const auto begin = Clock::now();
  for (int i = 0; i < 50; ++i)
    if (who_answers(client) == "\"slow\"") ++by_slow;
  CHECK(by_slow <= 1 + (Clock::now() - begin) / seconds(2));  // one in two seconds measures
  fast.reset();
  for (int i = 0; i < 3; ++i) CHECK(who_answers(client) == "\"slow\"");
}

TEST_CASE(
    "with --policy fastest the others are measured at no client's cost, and who becomes the fastest is "
    "found") {
  std::optional<Named> first(std::in_place, "first", Arguments{"--delay", "400"});
  const net::Endpoint endpoint = first->resolver->endpoint(Transport::tcp);
  const Named second("second", Arguments{"--delay", "30"});
  const Proxy proxy({"--policy", "fastest", "--upstream", endpoint.to_string(), "--upstream",
                     second.resolver->uri(Transport::tcp)});
  DotConnection client = proxy.connect(Transport::tcp);
  REQUIRE(who_answers(client) == "\"first\"");
  REQUIRE(who_answers(client) == "\"second\"");

  // Two seconds on, one query of many goes to the slow upstream besides: nobody waits for that.
  second.resolver->connect(Transport::tcp).ask(query("delay-2100.who.test."));
  std::vector<std::string> who;
  for (std::uint16_t id = 0; id < 20; ++id) client.send(query("who.test.", id));
  while (who.size() < 20) who.push_back(dns::rdata_to_text(client.read_message().answers.at(0).rdata));
  CHECK(std::ranges::count(who, "\"second\"") == 20);

  first.reset();
  first.emplace("first", Arguments{"--listen", endpoint.to_string()});  // fast now
  const auto begin = Clock::now();
  unsigned in_a_row = 0;
  while (in_a_row < 20 && Clock::now() - begin < seconds(10))
    in_a_row = who_answers(client) == "\"first\"" ? in_a_row + 1 : 0;
  CHECK(in_a_row == 20);
  // One in two seconds measures; where that one meets the pool's dead connection, the next one does.
  CHECK(Clock::now() - begin < 2 * seconds(2) + kBusyMachine);
}

TEST_CASE("after an outage of seconds the first answers come within two seconds of the resolver's return") {
  const seconds outage(GENERATE_COPY(from_range(outages())));
  CAPTURE(outage.count());
  std::optional<LabResolver> resolver(std::in_place);
  const net::Endpoint endpoint = resolver->endpoint(Transport::tcp);
  const Proxy proxy(*resolver, Transport::tcp, kWithUdp);
  Clients clients(proxy);
  REQUIRE(clients.ask_until_answered(net::Deadline::in(kPatience)));
  resolver.reset();
  REQUIRE_FALSE(clients.ask_until_answered(net::Deadline::in(outage)));
  resolver.emplace(Arguments{"--listen", endpoint.to_string()});  // returns once it listens
  const auto begin = Clock::now();
  CHECK(clients.ask_until_answered(net::Deadline::in(kPatience)));
  const auto taken = std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
  fmt::print("after an outage of {} s: answers on all legs within {} ms\n", outage.count(), taken.count());
  CHECK(taken < seconds(2));
}

TEST_CASE(
    "more queries than one connection takes wait for a resolver, and all are answered when it is there") {
  constexpr std::uint16_t kQueries = 3000;
  const DeadPort port;
  const Proxy proxy({"--upstream", port.uri(), "--max-in-flight", "4096"});
  ClientLeg client(proxy, Transport::tcp);
  for (std::uint16_t id = 0; id < kQueries; ++id) client.send(query(fmt::format("q{}.tag.test.", id), id));
  const LabResolver resolver({"--listen", port.uri()});  // until it has started they gather in the proxy
  std::set<std::uint16_t> answered;
  for (std::uint16_t i = 0; i < kQueries; ++i) {
    const dns::Message reply = client.read_message();
    if (reply.header.rcode == dns::rcode::NOERROR) answered.insert(reply.header.id);
  }
  CHECK(answered.size() == kQueries);
}

TEST_CASE("connections of the pool that died with their resolver cost no query") {
  std::optional<LabResolver> resolver(std::in_place);
  const net::Endpoint endpoint = resolver->endpoint(Transport::tcp);
  const Proxy proxy(*resolver, Transport::tcp, kWithUdp);
  for (int restart = 0; restart < 5; ++restart) {
    std::vector<ClientLeg> legs;
    for (int i = 0; i < 9; ++i) legs.emplace_back(proxy, kAllLegs[i % 3]);
    for (ClientLeg& leg : legs) leg.send(query("delay-60.www.tag.test."));  // together: each has a connection
    for (ClientLeg& leg : legs) REQUIRE(is_right(leg.read_message(), "delay-60.www.tag.test."));
    resolver.reset();
    resolver.emplace(Arguments{"--listen", endpoint.to_string()});
    for (ClientLeg& leg : legs) leg.send(query("again.tag.test."));
    for (ClientLeg& leg : legs) CHECK(is_right(leg.read_message(), "again.tag.test."));
  }
}

TEST_CASE("no query is sent more than three times, however many upstreams fail it (RFC 9520 §3.1)") {
  const std::size_t count = GENERATE(1U, 2U, 5U);
  const bool silent = GENERATE(true, false);
  CAPTURE(count, silent);
  const auto script = silent ? ScriptedUpstream::Script([](const auto&) { return Bytes(); }) : hang_up;
  std::list<ScriptedUpstream> upstreams;
  Arguments arguments = {"--hedge-after", "100ms", "--query-timeout", "800ms"};
  for (std::size_t i = 0; i < count; ++i)
    arguments = arguments + upstreams.emplace_back(Transport::tcp, script).as_upstream();
  const Proxy proxy(arguments + kWithUdp);
  for (const Transport leg : kAllLegs)
    CHECK(ClientLeg(proxy, leg).ask(query("www.tag.test.")).header.rcode == dns::rcode::SERVFAIL);
  std::size_t sent = 0;
  for (const ScriptedUpstream& upstream : upstreams) sent += upstream.seen().size();
  CHECK(sent >= 3 * 2);
  CHECK(sent <= 3 * 3);
}
