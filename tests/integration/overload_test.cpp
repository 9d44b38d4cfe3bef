// More than the proxy can carry: at the limit of connections, of the pool, of memory, and at twice the rate
// that it can answer. It sheds by letting clients wait, and by SERVFAIL; it does not fall over, its memory
// stays bounded, and when the load is gone all is as before.
#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>

#include "common/net/net_error.h"
#include "tests/support/bystander.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/findings.h"
#include "tests/support/raw_client.h"
#include "tests/support/scrape.h"

using net::Transport;

namespace {

using Clock = std::chrono::steady_clock;
using Status = net::IoResult::Status;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Queries at an even rate, whether or not they are answered; a stream that takes no more is waited for, and
// what that delays is made up for. Counts what comes back, until all of it has, or nothing has for long.
class Load {
 public:
  Load(const Proxy& proxy, Transport transport, double per_second)
      : connection_(proxy.connect(transport)), per_second_(per_second) {
    const int small = 32 * 1024;  // what waits had better wait here than in the kernel
    setsockopt(connection_.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  }

  void run(net::Deadline end) {
    const auto begin = Clock::now();
    while (!end.expired()) {
      const double due = per_second_ * std::chrono::duration<double>(Clock::now() - begin).count();
      for (; static_cast<double>(sent_) < due && writer_.size() < 16'384; ++sent_)
        writer_.add(
            dns::encode(make_query("www.tag.test.", dns::type::TXT, static_cast<std::uint16_t>(sent_))));
      turn(net::Deadline::in(milliseconds(2)));
    }
    while (answered_ + failed_ < sent_) {
      const auto patience = net::Deadline::in(kPatience);
      const std::size_t before = answered_ + failed_;
      while (answered_ + failed_ == before && !patience.expired()) turn(patience);
      if (answered_ + failed_ == before) return;
    }
  }

  std::size_t sent() const { return sent_; }
  std::size_t answered() const { return answered_; }
  std::size_t failed() const { return failed_; }

 private:
  void turn(net::Deadline until) {
    bool full = false;
    if (!writer_.empty()) full = writer_.flush(connection_.stream()) == Status::want_write;
    pollfd entry{connection_.fd(), static_cast<short>(POLLIN | (full ? POLLOUT : 0)), 0};
    if (poll(&entry, 1, until.poll_ms()) <= 0) return;
    Status status{Status::done};
    while ((status = reader_.fill(connection_.stream()).status) == Status::done)
      while (const auto message = reader_.next()) count((*message)[3] & 15);
    if (status == Status::closed) throw std::runtime_error("the proxy hung up under load");
  }

  void count(unsigned rcode) {
    if (rcode != dns::rcode::NOERROR && rcode != dns::rcode::SERVFAIL)
      throw std::runtime_error(fmt::format("rcode {} under load", rcode));
    ++(rcode == dns::rcode::NOERROR ? answered_ : failed_);
  }

  DotConnection connection_;
  net::FrameReader reader_;
  net::FrameWriter writer_;
  double per_second_;
  std::size_t sent_ = 0, answered_ = 0, failed_ = 0;
};

struct Totals {
  std::size_t sent = 0, answered = 0, failed = 0;
  double per_second = 0;
};

// Ten streams, half of them TLS, each with its share of the rate.
Totals drive(const Proxy& proxy, double per_second, Clock::duration time) {
  constexpr int kStreams = 10;
  Totals totals;
  Findings findings;
  std::mutex mutex;
  const auto begin = Clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < kStreams; ++i)
    threads.emplace_back([&, i] {
      try {
        Load load(proxy, i % 2 == 0 ? Transport::tls : Transport::tcp, per_second / kStreams);
        load.run(net::Deadline::in(time));
        const std::scoped_lock lock(mutex);
        totals.sent += load.sent();
        totals.answered += load.answered();
        totals.failed += load.failed();
      } catch (const std::exception& error) {
        findings.wrong(error.what());
      }
    });
  for (std::thread& thread : threads) thread.join();
  CAPTURE(findings.all_wrong());
  CHECK(findings.all_wrong().empty());
  totals.per_second =
      static_cast<double>(totals.answered) / std::chrono::duration<double>(Clock::now() - begin).count();
  return totals;
}

}  // namespace

TEST_CASE("at twice the rate that it can carry the proxy lets clients wait, and loses nobody's query") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, {"--query-timeout", "3s", "--write-timeout", "20s"});
  const double capacity = drive(proxy, 1e9, milliseconds(500)).per_second;  // as fast as they are taken
  const std::size_t before = proxy.process().peak_memory();
  const Totals totals = drive(proxy, 2 * capacity, seconds(1));
  const std::size_t grown = proxy.process().peak_memory() - before;
  fmt::print(
      "  {:.0f}/s can be carried; of {} queries at twice that {} were answered, {} SERVFAIL; +{} kB to {}\n",
      capacity, totals.sent, totals.answered, totals.failed, grown / 1024,
      proxy.process().peak_memory() / 1024);
  CHECK(totals.answered + totals.failed == totals.sent);
  CHECK(totals.answered > totals.sent / 2);
  CHECK(grown < (SANITIZED ? 200'000'000 : 8'000'000));
  check_undisturbed(proxy, [](net::Deadline) {});  // and at once all is as before
  check_welcomed(proxy);
}

TEST_CASE("datagrams at twice the rate that it can carry fill no memory, and stop nobody's stream") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, Arguments{"--query-timeout", "3s"} + kWithUdp);
  const Bytes query = dns::encode(make_query("www.tag.test.", dns::type::TXT));
  const std::size_t before = proxy.process().peak_memory();
  std::size_t sent = 0;
  std::size_t answered = 0;
  std::vector<Datagrams> sockets;
  check_undisturbed(proxy, [&](net::Deadline end) {
    sockets.clear();
    for (int i = 0; i < 8; ++i) sockets.emplace_back(proxy.endpoint(Transport::udp));
    while (!end.expired())  // as fast as one core can: two and more to one that is taken
      for (Datagrams& socket : sockets) {
        for (int i = 0; i < 16; ++i, ++sent) socket.send(query);
        while (socket.read(net::Deadline::in({}))) ++answered;
      }
  });
  const auto patience = net::Deadline::in(kPatience);  // where all is slow they come only now
  for (std::size_t i = 0; answered == 0 && !patience.expired(); i = (i + 1) % sockets.size())
    if (sockets[i].read(net::Deadline::in(milliseconds(50)))) ++answered;
  const std::size_t grown = proxy.process().peak_memory() - before;
  fmt::print("  {} datagrams, {} answered meanwhile; +{} kB\n", sent, answered, grown / 1024);
  CHECK(answered > 0);
  CHECK(grown < (SANITIZED ? 400'000'000 : 30'000'000));  // 2 workers with 8,192 queries in flight each
  check_welcomed(proxy);
}

TEST_CASE(
    "at the limit of connections those inside are served as before, and those outside when they leave") {
  const LabResolver resolver;
  constexpr std::size_t kLimit = 100;
  Proxy proxy(resolver, Transport::tls, {"--max-connections", "101", "--idle-timeout", "60s"});
  std::vector<RawClient> inside;
  std::vector<RawClient> outside;
  check_undisturbed(proxy, [&](net::Deadline end) {
    inside.clear();
    outside.clear();
    inside = crowd(kLimit, proxy.endpoint(Transport::tcp), {});
    outside = crowd(kLimit, proxy.endpoint(Transport::tcp), {});
    poll(nullptr, 0, end.poll_ms());
  });
  DotConnection waiting(proxy.endpoint(Transport::tcp));
  waiting.send(make_query("www.tag.test.", dns::type::TXT, 7));
  pollfd entry{waiting.fd(), POLLIN, 0};
  CHECK(poll(&entry, 1, 200) == 0);
  CHECK(proxy.process().thread_count() < kLimit + 10);
  inside.clear();
  outside.clear();
  CHECK(waiting.read_message().header.id == 7);
  check_welcomed(proxy);
}

TEST_CASE("slow queries of many clients share what few connections the pool has, and all are answered") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, {"--pool-size", "2", "--query-timeout", "2s"});
  std::vector<DotConnection> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(proxy.connect(Transport::tls));
  for (DotConnection& client : clients) client.send(make_query("delay-500.www.tag.test.", dns::type::TXT));
  for (DotConnection& client : clients) CHECK(client.read_message().rcode() == dns::rcode::NOERROR);
  for (DotConnection& client : clients)
    CHECK(client.ask(make_query("www.tag.test.", dns::type::TXT)).rcode() == dns::rcode::NOERROR);
}

TEST_CASE(
    "where a resolver has all the connections it may, queries wait for one, or end by SERVFAIL in time") {
  // It answers one query per connection, and that after a while: two connections are soon taken.
  const LabResolver resolver({"--fault", "close-after=1"});
  const Proxy proxy(resolver, Transport::tls, {"--pool-size", "2", "--query-timeout", "600ms"});
  std::vector<DotConnection> clients;
  for (int i = 0; i < 12; ++i) clients.push_back(proxy.connect(Transport::tls));
  const auto begin = Clock::now();
  for (DotConnection& client : clients) client.send(make_query("delay-250.www.tag.test.", dns::type::TXT));
  unsigned answered = 0;
  for (DotConnection& client : clients)
    if (client.read_message().rcode() == dns::rcode::NOERROR) ++answered;
  CHECK(answered >= 2);
  CHECK(answered < 12);
  CHECK(Clock::now() - begin < seconds(5));
}

#if !SANITIZED  // whose shadow memory no such limit has room for
TEST_CASE("without memory for another thread the proxy keeps those it has, and takes others in afterwards") {
  const LabResolver resolver;
  // A stack takes 256 kB of it: there is room for some hundreds of the thousand that come.
  Proxy proxy({"--upstream", resolver.uri(Transport::tcp), "--idle-timeout", "60s",
               "--max-connections-per-client", "4096", "--metrics", "127.0.0.1:0"},
              {.address_space = 160'000'000});
  const Scraper scraper(proxy);
  std::size_t threads = 0;
  check_undisturbed(proxy, [&](net::Deadline end) {
    const auto waiting = crowd(1000, proxy.endpoint(Transport::tcp), {});
    poll(nullptr, 0, end.poll_ms());
    threads = proxy.process().thread_count();
  });
  fmt::print("  {} threads in 160 MB\n", threads);
  CHECK(threads < 900);  // or the limit was none
  CHECK(proxy.process().error_output().find("accept-failed") != std::string::npos);
  // Soon, but not at once: what is left of the crowd stands before others in the listen queue.
  for (const auto end = net::Deadline::in(seconds(10));;) {
    try {
      check_welcomed(proxy);
      break;
    } catch (const std::exception&) {
      if (end.expired()) throw;
    }
  }
  auto samples = scraper.samples();
  CHECK(samples["dot_proxy_accept_pauses_total"] >= 1);
  CHECK(samples[R"(dot_proxy_client_refused_total{transport="tcp",rule="no_thread"})"] >= 1);
}
#endif
