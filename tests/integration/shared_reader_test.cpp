// The client whose thread reads the connection that all share, and what it does to the others: it stops
// reading its own answers, it leaves in the middle of things, it floods. They lose nothing by that.
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/net/net_error.h"
#include "tests/support/askers.h"
#include "tests/support/catch.h"

using net::Transport;

namespace {

using Clock = std::chrono::steady_clock;
using Status = net::IoResult::Status;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr unsigned kOthers = 100;
constexpr milliseconds kBusyMachine{SANITIZED ? 5000 : 1000};  // to any time here

dns::Message query(std::string_view name, std::uint16_t id) {
  return make_query(name, dns::type::TXT, id);
}

// A later query is answered first: from now on the proxy knows that this resolver does not answer in turn.
// When this returns nothing is in flight, and nobody reads the connection.
void show_order(const Proxy& proxy) {
  DotConnection client = proxy.connect(Transport::tcp);
  client.send(query("delay-60.slow.tag.test.", 1));
  client.send(query("fast.tag.test.", 2));
  REQUIRE(client.read_message().header.id == 2);
  REQUIRE(client.read_message().header.id == 1);
}

// Has the connection read by the thread of that client for so long, since it is the first to ask.
void become_reader(ClientLeg& client, milliseconds time) {
  client.send(query(fmt::format("delay-{}.hold.tag.test.", time.count()), 1));
  client.send(query("held.tag.test.", 2));
  REQUIRE(client.read_message().header.id == 2);
}

void check_all_right(const Askers::Report& report) {
  fmt::print("  the others: {}\n", report.to_string());
  CAPTURE(report.wrong);
  CHECK(report.wrong.empty());
  CHECK(report.failed == 0);
  CHECK(report.right >= kOthers);
}

}  // namespace

TEST_CASE("a client that reads the shared connection and stops reading its own answers holds nobody up") {
  const Transport transport = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(to_string(transport));
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, Arguments{"--write-timeout", "700ms"} + kWithUdp);
  show_order(proxy);
  Askers others(proxy, {.count = kOthers, .pace = milliseconds(20)});
  DotConnection reader = proxy.connect(transport);
  const int small = 8 * 1024;
  setsockopt(reader.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  reader.send(query("delay-1500.hold.tag.test.", 1));
  reader.send(query("held.tag.test.", 2));
  REQUIRE(reader.read_message().header.id == 2);
  others.start();
  // Answers of 2 kB each, until it is cut off: it takes none of them.
  const auto end = net::Deadline::in(seconds(SANITIZED ? 6 : 3));
  bool cut_off = false;
  net::FrameWriter writer;
  try {
    for (std::uint16_t id = 3; !end.expired(); ++id) {
      if (writer.size() < 4096) writer.add(dns::encode(query("large1.example.com.", id)));
      if (writer.flush(reader.stream()) == Status::done) continue;
      pollfd entry{reader.fd(), POLLOUT, 0};
      poll(&entry, 1, net::Deadline::in(milliseconds(50)).poll_ms());
      if ((entry.revents & (POLLERR | POLLHUP)) != 0)
        throw net::NetError(net::NetError::Kind::reset, "write");
    }
  } catch (const std::exception&) {
    cut_off = true;
  }
  poll(nullptr, 0, net::Deadline::in(milliseconds(300)).poll_ms());  // the others go on without it
  const Askers::Report report = others.stop();
  check_all_right(report);
  if (!SANITIZED) CHECK(cut_off);
  CHECK(report.slowest < milliseconds(500) + kBusyMachine);
}

TEST_CASE("a client that reads the shared connection and leaves costs those who wait there nothing") {
  const Transport transport = GENERATE(Transport::tls, Transport::tcp);
  const bool by_reset = GENERATE(true, false);
  CAPTURE(to_string(transport), by_reset);
  for (int round = 0; round < (SANITIZED ? 1 : 4); ++round) {
    const LabResolver resolver;
    const Proxy proxy(resolver, Transport::tls, kWithUdp);
    std::vector<ClientLeg> others;
    for (unsigned i = 0; i < kOthers; ++i) others.emplace_back(proxy, kAllLegs[i % std::size(kAllLegs)]);
    show_order(proxy);
    std::optional<ClientLeg> reader(std::in_place, proxy, transport);
    become_reader(*reader, milliseconds(1500));
    const auto name = [](unsigned client, unsigned of) {
      return fmt::format("delay-{}.q{}.client{}.tag.test.", 100 + 50 * of, of, client);
    };
    constexpr unsigned kEach = 3;
    const auto begin = Clock::now();
    for (unsigned i = 0; i < kOthers; ++i)
      for (unsigned q = 0; q < kEach; ++q) others[i].send(query(name(i, q), static_cast<std::uint16_t>(q)));
    if (by_reset) reader->reset_when_closed();
    reader.reset();
    const auto left = Clock::now();
    unsigned right = 0;
    for (unsigned i = 0; i < kOthers; ++i)
      for (unsigned q = 0; q < kEach; ++q) {
        const dns::Message reply = others[i].read_message();
        const std::string asked = name(i, reply.header.id);
        if (txt_of(reply) == '"' + asked + '"')
          ++right;
        else
          UNSCOPED_INFO(asked << ": rcode " << reply.rcode() << ", " << txt_of(reply));
      }
    const auto taken = std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
    fmt::print("  it left after {} ms; all were answered after {} ms\n",
               std::chrono::duration_cast<milliseconds>(left - begin).count(), taken.count());
    CHECK(right == kOthers * kEach);
    CHECK(taken <
          milliseconds(200 + 300) + kBusyMachine);  // less than --hedge-after: nothing was asked again
  }
}

TEST_CASE("a client that reads the shared connection and floods it takes nothing from the others") {
  const Transport transport = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(to_string(transport));
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, kWithUdp);
  show_order(proxy);
  Askers others(proxy, {.count = kOthers, .pace = milliseconds(20)});
  ClientLeg reader(proxy, transport);
  become_reader(reader, milliseconds(2500));
  others.start();
  const auto end = net::Deadline::in(seconds(2));
  unsigned flood = 0;
  unsigned failed = 0;
  constexpr unsigned kTogether = 200;  // three times what it may have in flight
  for (; !end.expired(); flood += kTogether) {
    for (unsigned i = 0; i < kTogether; ++i)
      reader.send(query("flood.tag.test.", static_cast<std::uint16_t>(10 + i)));
    for (unsigned i = 0; i < kTogether; ++i)
      if (reader.read_message().rcode() != dns::rcode::NOERROR) ++failed;
  }
  const Askers::Report report = others.stop();
  fmt::print("  {} queries of the flood\n", flood);
  check_all_right(report);
  CHECK(failed == 0);
  CHECK(report.p99 < milliseconds(300) + kBusyMachine);
}
