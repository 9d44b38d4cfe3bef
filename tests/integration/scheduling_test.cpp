// Which policy of sched(7) the proxy's threads run under (scheduling.h).
#include <filesystem>
#include <fmt/format.h>
#include <sched.h>

#include "tests/support/catch.h"
#include "tests/support/lab.h"

using net::Transport;

namespace {

// All its threads' policies, while a client is connected.
void check_policy(Listening& proxy, int expected) {
  DotConnection connection(proxy.endpoint(Transport::tcp));
  connection.ask(make_query("_dns.resolver.arpa.", dns::type::SVCB));  // which it answers by itself
  std::size_t threads = 0;
  for (const auto& thread :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/task", proxy.process().pid()))) {
    CHECK(sched_getscheduler(std::stoi(thread.path().filename())) == expected);
    ++threads;
  }
  CHECK(threads >= 2);
}

const Arguments kProxy = {PROXYSERVER_PROGRAM, "--listen", "tcp://127.0.0.1:0", "--upstream",
                          "tcp://127.0.0.1:9"};

}  // namespace

TEST_CASE("threads let each other finish") {
  Listening proxy(kProxy, 1);
  check_policy(proxy, SCHED_BATCH);
}

TEST_CASE("a policy chosen for the proxy stays") {
  Listening proxy(Arguments{"/usr/bin/chrt", "--idle", "0"} + kProxy, 1);
  check_policy(proxy, SCHED_IDLE);
}
