// For tests of a connection to a resolver: one over the kernel's real TCP, with both ends in this thread. The
// resolver is played by hand. Time is the test's own from the moment on at which the connection stands.
#pragma once

#include <sys/socket.h>

#include "common/net/net_error.h"
#include "common/net/tcp.h"
#include "proxyserver/upstreams/upstream.h"
#include "tests/support/catch.h"
#include "tests/support/fake_asker.h"

namespace shared_connection {

using namespace std::chrono_literals;
using Clock = UpstreamConnection::Clock;
using Submitted = UpstreamConnection::Submitted;

inline constexpr auto kHedgeAfter = 2s;
inline constexpr UpstreamConnection::Terms kForAll{};

// Two who ask, and a connection that stands: Anna attends to it, and a query of each waits, both with the
// same ID as far as their clients know.
struct Shared {
  Shared() {
    const Clock::time_point begun = Clock::now();
    connection = upstream.connection(0, kForAll, begun);
    REQUIRE(submit(anna, "anna.example.", begun) == Submitted::attend);
    while (!connection->ready()) turn(begun);
    net::wait_for(listener.get(), POLLIN, net::Deadline::in(10s), "wait for the connection");
    far_end = std::make_unique<net::TcpStream>(
        net::UniqueFd(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)), "proxy");
    now = Clock::now();
    REQUIRE(submit(ben, "ben.example.", now) == Submitted::taken);
    for (int i = 0; i < 2; ++i) read();
  }

  Submitted submit(const std::shared_ptr<FakeAsker>& asker, const std::string& name, Clock::time_point when) {
    queries.push_back(asker->query(name, 7));
    return connection->submit({&queries.back(), 1}, *asker, kForAll, when);
  }
  // The next query, as the resolver gets it.
  void read() { came.push_back(net::read_frame(*far_end, reader, net::Deadline::in(10s)).value()); }
  void answer(Bytes query) const {
    query[2] |= 0x80;
    net::write_frame(*far_end, query, net::Deadline::in(10s));
  }

  // What comes over the connection next, as its attendant sees it.
  std::vector<Reply> turn(Clock::time_point when) {
    const auto plan = connection->plan(when, kHedgeAfter);
    REQUIRE(plan);
    pollfd entry = plan->entry;
    REQUIRE(poll(&entry, 1, 10'000) == 1);
    std::vector<Reply> replies;
    connection->turn(entry.revents, when, replies);
    return replies;
  }
  void answered(const Bytes& query, Clock::time_point when) {
    answer(query);
    REQUIRE(turn(when).size() == 1);
  }
  Death death(Clock::time_point when) {
    try {
      for (;;) turn(when);
    } catch (const net::NetError& cause) {
      return connection->death(cause, when);
    }
  }

  net::UniqueFd listener = net::listen_tcp(*net::SocketAddress::parse("127.0.0.1", 0), 16);
  Upstream upstream{{net::Transport::tcp, net::SocketAddress::of_socket(listener.get()), {}}, {}, 4};
  std::shared_ptr<FakeAsker> anna = std::make_shared<FakeAsker>(), ben = std::make_shared<FakeAsker>();
  ConnectionPtr connection;
  std::unique_ptr<net::Stream> far_end;
  net::FrameReader reader;
  std::vector<QueryPtr> queries;  // in their order
  std::vector<Bytes> came;        // the same
  Clock::time_point now;
};

}  // namespace shared_connection
