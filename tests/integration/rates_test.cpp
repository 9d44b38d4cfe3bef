// How much one client may ask, and how often it may connect: what comes beyond, on every leg, and that it is
// the one who floods who pays for it.
#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>

#include "tests/integration/extended_error.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/raw_client.h"

using net::Transport;

namespace {

using Clock = std::chrono::steady_clock;

dns::Message query() {
  return with_edns(make_query("google.com.", dns::type::A));
}

// Until one is different from the first; the bucket fills while we ask.
dns::Message first_beyond(ClientLeg& client) {
  for (int i = 0; i < 50; ++i) {
    dns::Message reply = client.ask(query());
    if (reply.header.rcode != dns::rcode::NOERROR || reply.header.tc) return reply;
    CHECK(reply.answers.size() == 1);
  }
  FAIL("nothing was refused");
  return {};
}

// From 127.0.0.2: a TLS connection that has its ClientHello on its way and is then reset.
void knock(const net::Endpoint& endpoint, ByteView hello) {
  const net::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const net::SocketAddress from = net::SocketAddress::parse("127.0.0.2", 0).value();
  REQUIRE(bind(socket.get(), from.get(), from.size()) == 0);
  if (connect(socket.get(), endpoint.address.get(), endpoint.address.size()) != 0) return;
  static_cast<void>(send(socket.get(), hello.data(), hello.size(), MSG_NOSIGNAL));
  const linger reset{1, 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

// Of two hundred queries over a connection that is there.
Clock::duration p99_of(DotConnection& client) {
  std::vector<Clock::duration> times;
  for (int i = 0; i < 200; ++i) {
    const auto begin = Clock::now();
    REQUIRE(client.ask(query()).header.rcode == dns::rcode::NOERROR);
    times.push_back(Clock::now() - begin);
    std::this_thread::yield();
  }
  std::ranges::sort(times);
  return times[times.size() * 99 / 100];
}

}  // namespace

TEST_CASE("who asks too much over TLS or TCP is refused, and told why") {
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, {"--max-qps-per-client", "2"});
  ClientLeg client(proxy, leg);
  const dns::Message reply = first_beyond(client);
  CHECK(reply.header.rcode == dns::rcode::REFUSED);
  CHECK(extended_error_in(reply).code == dns::ede::PROHIBITED);
  CHECK(extended_error_in(reply).text == "more than --max-qps-per-client");
}

TEST_CASE("who asks too much over UDP gets a truncated answer, and an answer over TCP") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, kWithUdp + Arguments{"--max-qps-per-client", "2"});
  ClientLeg client(proxy, Transport::udp);
  const dns::Message reply = first_beyond(client);
  CHECK(reply.header.rcode == dns::rcode::NOERROR);
  CHECK(reply.header.tc);
  CHECK(reply.answers.empty());
  CHECK(ClientLeg(proxy, Transport::tcp).ask(query()).header.rcode == dns::rcode::NOERROR);
}

TEST_CASE("a flood of handshakes from one address leaves another's answers as quick as they were") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, {"--max-handshakes-per-client", "10"});
  const net::Endpoint& endpoint = proxy.endpoint(Transport::tls);
  const Bytes hello = RawClient(endpoint).client_hello();
  DotConnection client = proxy.connect(Transport::tls);
  // The best of each over all rounds: other work on the machine only ever adds.
  auto best_quiet = Clock::duration::max();
  auto best_flooded = Clock::duration::max();
  bool undisturbed = false;
  for (int round = 0; round < 4 || (round < 8 && !undisturbed); ++round) {
    const auto quiet = p99_of(client);
    std::atomic<bool> over = false;
    std::atomic<unsigned> knocks = 0;
    std::thread flood([&] {
      for (; !over; ++knocks) {
        knock(endpoint, hello);
        poll(nullptr, 0, 1);  // the flood must cost the proxy, not this machine's processors by itself
      }
    });
    while (knocks < 50) std::this_thread::yield();  // the burst is over
    const auto flooded = p99_of(client);
    over = true;
    flood.join();
    fmt::print("  p99 {} us, beside {} connections {} us\n", quiet / std::chrono::microseconds(1),
               knocks.load(), flooded / std::chrono::microseconds(1));
    best_quiet = std::min(best_quiet, quiet);
    best_flooded = std::min(best_flooded, flooded);
    undisturbed = best_flooded <= 2 * best_quiet;
  }
  CHECK(undisturbed);
  CHECK(proxy.process().error_output().find("--max-handshakes-per-client") != std::string::npos);
  CHECK(proxy.connect(Transport::tls).ask(query()).header.rcode == dns::rcode::NOERROR);
}
