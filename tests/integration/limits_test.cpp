// What happens at the limits: of connections, which is ours to set, and of descriptors, which is the
// kernel's.
#include <fmt/format.h>
#include <poll.h>

#include "common/net/tcp.h"
#include "tests/support/catch.h"
#include "tests/support/lab.h"
#include "tests/support/scrape.h"

using net::Transport;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool answers(DotConnection& connection) {
  return connection.ask(make_query("a.tag.test.", dns::type::A)).header.rcode == dns::rcode::NOERROR;
}

}  // namespace

TEST_CASE("at the limit of connections the next one waits, and is served once another one has closed") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tcp, {"--max-connections", "2", "--idle-timeout", "60"});
  std::optional<DotConnection> first(proxy.connect(Transport::tcp));
  DotConnection second = proxy.connect(Transport::tcp);
  REQUIRE(answers(*first));
  REQUIRE(answers(second));

  DotConnection third = proxy.connect(Transport::tcp);  // the kernel's queue takes it
  third.send(make_query("third.tag.test.", dns::type::A, 3));
  pollfd entry{third.fd(), POLLIN, 0};
  CHECK(poll(&entry, 1, 300) == 0);  // neither answered nor closed
  CHECK(answers(second));

  first.reset();
  CHECK(third.read_message().header.id == 3);
}

TEST_CASE("connections that come and go leave nothing behind") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, {"--max-connections", "4"});
  DotConnection lasting = proxy.connect(Transport::tls);
  REQUIRE(answers(lasting));
  for (int round = 0; round < 50; ++round) {
    DotConnection connection = proxy.connect(round % 2 == 0 ? Transport::tls : Transport::tcp);
    if (round % 5 != 0) {
      REQUIRE(answers(connection));
    } else {
      connection.send(make_query("delay-200.a.tag.test.", dns::type::A));  // and away before the answer
    }
  }
  CHECK(answers(lasting));
  CHECK(proxy.process().open_file_count() < 40);  // far from one each
}

TEST_CASE("out of descriptors the proxy waits without spinning, and recovers") {
  const LabResolver resolver;
  Proxy proxy(
      {"--upstream", resolver.uri(Transport::tcp), "--idle-timeout", "60", "--metrics", "127.0.0.1:0"},
      {.open_files = 40});
  const Scraper scraper(proxy);
  std::vector<DotConnection> crowd;
  for (int i = 0; i < 80; ++i)
    crowd.push_back(proxy.connect(Transport::tcp));  // half of them only in the queue

  // Nobody speaks, nobody closes: all that the proxy could use the time for is failing to accept.
  const double before = proxy.process().cpu_seconds();
  pollfd entry{crowd.front().fd(), POLLIN, 0};
  CHECK(poll(&entry, 1, 2000) == 0);
  CHECK(proxy.process().cpu_seconds() - before < 0.2);
  auto samples = scraper.samples();  // as full as it can be: what the alert DotProxyFull compares
  CHECK(samples["dot_proxy_client_connections_max"] < 40);
  CHECK(samples[R"(dot_proxy_client_connections{transport="tcp"})"] ==
        samples["dot_proxy_client_connections_max"]);

  crowd.clear();
  DotConnection next = proxy.connect(Transport::tls);
  CHECK(answers(next));
}
