// Threads interrupt others while the proxy has little to do, and do not while it has much (scheduling.h).
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <sched.h>

#include "tests/support/catch.h"
#include "tests/support/lab.h"

using net::Transport;

namespace {

constexpr unsigned kMany = 1000;  // queries at a time

// One for each thread.
std::vector<int> policies_of(const Process& process) {
  std::vector<int> policies;
  for (const auto& thread : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", process.pid())))
    policies.push_back(sched_getscheduler(std::stoi(thread.path().filename())));
  return policies;
}

// What the proxy answers by itself (RFC 9462 §6.4), in one piece: so that the work is its own.
Bytes much() {
  const Bytes message = dns::encode(make_query("_dns.resolver.arpa.", dns::type::SVCB));
  Bytes octets;
  for (unsigned i = 0; i < kMany; ++i) {
    octets.push_back(static_cast<std::uint8_t>(message.size() >> 8));
    octets.push_back(static_cast<std::uint8_t>(message.size()));
    octets.insert(octets.end(), message.begin(), message.end());
  }
  return octets;
}

void ask_much(DotConnection& connection) {
  static const Bytes octets = much();
  connection.send_octets(octets);
  unsigned answers = 0;
  while (answers < kMany && connection.read()) ++answers;
  REQUIRE(answers == kMany);
}

}  // namespace

TEST_CASE("threads stop interrupting others while the proxy is busy") {
  const LabResolver resolver({"--delay", "150"});  // longer than the proxy's period of 100 ms
  Proxy proxy(resolver, Transport::tcp);
  DotConnection connection = proxy.connect(Transport::tcp);
  const auto ask_one = [&] {
    CHECK(connection.ask(make_query("one.tag.test.", dns::type::TXT)).header.rcode == dns::rcode::NOERROR);
  };
  const auto any_waits = [&] { return std::ranges::count(policies_of(proxy.process()), SCHED_BATCH) > 0; };
  ask_one();
  CHECK_FALSE(any_waits());

  bool busy = false;
  for (const auto patience = net::Deadline::in(kPatience); !busy && !patience.expired(); busy = any_waits())
    ask_much(connection);
  REQUIRE(busy);

  // The session's thread sees it with its next query, the accepting one when it next wakes.
  for (const auto patience = net::Deadline::in(kPatience); any_waits() && !patience.expired();) ask_one();
  CHECK_FALSE(any_waits());
}

TEST_CASE("a policy chosen for the proxy stays") {
  Listening proxy({"/usr/bin/chrt", "--batch", "0", PROXYSERVER_PROGRAM, "--listen", "tcp://127.0.0.1:0",
                   "--upstream", "tcp://127.0.0.1:9"},
                  1);
  DotConnection connection(proxy.endpoint(Transport::tcp));
  ask_much(connection);
  for (const int policy : policies_of(proxy.process())) CHECK(policy == SCHED_BATCH);
}
