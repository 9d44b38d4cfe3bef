// Clients share the connections to a resolver: one is enough, a slow name holds nobody up, and whoever leaves
// takes nothing along.
#include <condition_variable>
#include <fmt/format.h>
#include <mutex>
#include <set>
#include <thread>

#include "common/net/tcp.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/scripted_upstream.h"

using net::Transport;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kBusyMachine{SANITIZED ? 3000 : 500};

dns::Message query(std::string_view name, std::uint16_t id = 1) {
  return make_query(name, dns::type::TXT, id);
}

bool is_right(const dns::Message& reply, const std::string& name) {
  return reply.header.rcode == dns::rcode::NOERROR && reply.answers.size() == 1 &&
         dns::rdata_to_text(reply.answers[0].rdata) == '"' + name + '"';
}

Bytes answered(const ScriptedUpstream::Seen& seen) {
  return dns::encode(answer_to(seen.message()));
}

std::string name_of(const dns::Message& message) {
  return message.questions.at(0).name.to_string();
}

}  // namespace

TEST_CASE("many clients, on every leg, share one connection to the resolver (RFC 7766 §6.2.2)") {
  const ScriptedUpstream upstream(GENERATE(Transport::tls, Transport::tcp), answered);
  const Proxy proxy(upstream.as_upstream() + kWithUdp);
  std::vector<ClientLeg> legs;
  for (int i = 0; i < 30; ++i) legs.emplace_back(proxy, kAllLegs[i % 3]);
  for (int round = 0; round < 3; ++round) {
    for (std::uint16_t i = 0; i < legs.size(); ++i) legs[i].send(query(fmt::format("q{}.test.", i), i));
    for (std::uint16_t i = 0; i < legs.size(); ++i) {
      const dns::Message reply = legs[i].read_message();
      CHECK(reply.header.id == i);
      CHECK(name_of(reply) == fmt::format("q{}.test.", i));
    }
  }
  for (const auto& seen : upstream.seen()) CHECK(seen.connection == 0);
}

TEST_CASE("queries of many clients have identifiers of their own on the way to the resolver") {
  std::mutex mutex;
  std::condition_variable all_came;
  std::set<std::uint16_t> ids;
  const ScriptedUpstream upstream(Transport::tcp, [&](const ScriptedUpstream::Seen& seen) {
    const std::scoped_lock lock(mutex);
    ids.insert(seen.message().header.id);
    all_came.notify_all();
    return Bytes();  // so that none is free again
  });
  const Proxy proxy(upstream.as_upstream());
  std::vector<DotConnection> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(proxy.connect(Transport::tls));
    clients.back().send(query("same.test.", 7));
  }
  std::unique_lock lock(mutex);
  CHECK(all_came.wait_for(lock, kPatience, [&] { return ids.size() >= clients.size(); }));
}

TEST_CASE("at a resolver that answers in turn a slow name delays no other one") {
  constexpr milliseconds kSlow{2000};
  // Each connection's queries in turn; the connections beside each other.
  const LabResolver resolver({"--fault", "in-turn"});
  const Proxy proxy(resolver, Transport::tls);
  DotConnection slow = proxy.connect(Transport::tls);
  DotConnection other = proxy.connect(Transport::tls);
  REQUIRE(is_right(other.ask(query("first.tag.test.")), "first.tag.test."));
  slow.send(query("delay-2000.slow.tag.test."));
  milliseconds longest{0};
  const auto begin = Clock::now();
  for (std::uint16_t i = 0; Clock::now() - begin < kSlow - milliseconds(300); ++i) {
    const std::string name = fmt::format("q{}.tag.test.", i);
    const auto asked = Clock::now();
    REQUIRE(is_right(other.ask(query(name, i)), name));
    longest = std::max(longest, std::chrono::duration_cast<milliseconds>(Clock::now() - asked));
  }
  CHECK(longest <= milliseconds(150) + kBusyMachine);
  CHECK(is_right(slow.read_message(), "delay-2000.slow.tag.test."));
}

TEST_CASE("whoever reads for all and leaves takes nobody's answer along") {
  const bool resets = GENERATE(true, false);
  const Transport upstream = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(resets, to_string(upstream));
  const LabResolver resolver;
  const Proxy proxy(resolver, upstream);
  for (int round = 0; round < 5; ++round) {
    auto reader = std::make_optional<ClientLeg>(proxy, Transport::tls);
    reader->send(query("delay-400.www.tag.test."));  // it finds nobody there: so it reads
    std::vector<DotConnection> others;
    for (int i = 0; i < 10; ++i) {
      others.push_back(proxy.connect(Transport::tls));
      others.back().send(query("delay-300.www.tag.test.", static_cast<std::uint16_t>(i)));
    }
    if (resets) reader->reset_when_closed();
    reader.reset();
    for (DotConnection& client : others) CHECK(is_right(client.read_message(), "delay-300.www.tag.test."));
  }
}

TEST_CASE(
    "a first resolver that takes connections and says nothing costs the first query a moment, and no other") {
  const net::UniqueFd silent = net::listen_tcp(*net::SocketAddress::parse("127.0.0.1", 0), 100);
  const std::string first =
      fmt::format("tls://{}#lab.test", net::SocketAddress::of_socket(silent.get()).to_string());
  const LabResolver second;
  const Proxy proxy(
      {"--upstream", first, "--upstream", second.uri(Transport::tls), "--upstream-ca", second.ca_file()});
  DotConnection client = proxy.connect(Transport::tls);
  auto begin = Clock::now();
  REQUIRE(is_right(client.ask(query("first.tag.test.")), "first.tag.test."));
  CHECK(Clock::now() - begin < milliseconds(700) + kBusyMachine);  // 300 ms, and a handshake
  begin = Clock::now();
  for (std::uint16_t i = 0; i < 100; ++i) {
    const std::string name = fmt::format("q{}.tag.test.", i);
    REQUIRE(is_right(client.ask(query(name, i)), name));
  }
  CHECK(Clock::now() - begin < milliseconds(200) + kBusyMachine);
}

TEST_CASE("a query that its resolver cannot bear takes nobody else's along") {
  const LabResolver resolver({"--fault", "reset=poison.tag.test"});
  const Proxy proxy(resolver, Transport::tls);
  std::vector<DotConnection> others;
  for (int i = 0; i < 20; ++i) others.push_back(proxy.connect(Transport::tls));
  DotConnection poisoner = proxy.connect(Transport::tls);
  for (std::uint16_t round = 0; round < 10; ++round) {
    poisoner.send(query("poison.tag.test.", round));
    for (DotConnection& client : others) client.send(query("delay-20.www.tag.test.", round));
    for (DotConnection& client : others) CHECK(is_right(client.read_message(), "delay-20.www.tag.test."));
    CHECK(poisoner.read_message().header.rcode == dns::rcode::SERVFAIL);
  }
}
