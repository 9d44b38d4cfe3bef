// The forwarder through long outages, on a clock of the test's own: minutes pass as fast as the resolver's
// port can refuse. What is real is the kernel's TCP, between a session that asks ten times a second and a
// resolver in the same thread.
#include "proxyserver/asking/forwarder.h"

#include <algorithm>
#include <iterator>
#include <sys/socket.h>

#include "common/dns/message.h"
#include "common/log.h"
#include "common/net/framing.h"
#include "common/net/tcp.h"
#include "tests/support/catch.h"
#include "tests/support/dead_port.h"

namespace {

using Clock = Forwarder::Clock;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Status = net::IoResult::Status;

constexpr milliseconds kPace{100};

// Answers everything, or is away: then its port refuses, or what is sent to it goes nowhere, and connections
// that were begun in that time get nowhere for ever (the kernel's own tries take real time, which does not
// pass here).
class Resolver {
 public:
  enum class Away : std::uint8_t { refuses, swallows };

  net::Endpoint endpoint() const { return {net::Transport::tcp, address_, {}}; }

  void leave(Away how) {
    std::ranges::move(connections_, std::back_inserter(lost_));
    connections_.clear();
    if (how == Away::refuses) {
      lost_.clear();
      listener_.reset();
      return;
    }
    listen(listener_.get(), 0);  // and with its queue full, the kernel answers no SYN
    do fillers_.push_back(net::start_connect(address_));
    while (net::is_connected(fillers_.back().get(), "filler"));
  }

  void come_back() {
    if (!listener_.valid()) listener_ = net::listen_tcp(address_, kBacklog);
    listen(listener_.get(), kBacklog);
    while (accept_one().valid()) continue;  // the fillers
    fillers_.clear();
  }

  void turn() {
    if (!fillers_.empty() || !listener_.valid()) return;
    for (net::UniqueFd socket = accept_one(); socket.valid(); socket = accept_one())
      connections_.push_back({std::make_unique<net::TcpStream>(std::move(socket), "forwarder"), {}});
    std::erase_if(connections_, [](Connection& one) { return !serve(one); });
  }

 private:
  struct Connection {
    std::unique_ptr<net::Stream> stream;
    net::FrameReader reader;
  };

  net::UniqueFd accept_one() const {
    return net::UniqueFd(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  }

  static bool serve(Connection& connection) {
    try {
      for (;;) {
        const Status status = connection.reader.fill(*connection.stream).status;
        if (status != Status::done) return status != Status::closed;
        while (const auto query = connection.reader.next()) {
          (*query)[2] |= 0x80;
          net::write_frame(*connection.stream, *query, net::Deadline::in(seconds(1)));
        }
      }
    } catch (const std::exception&) {
      return false;
    }
  }

  static constexpr int kBacklog = 128;
  const DeadPort port_;  // but for the listener
  const net::SocketAddress address_ = port_.address();
  net::UniqueFd listener_ = net::listen_tcp(address_, kBacklog);
  std::vector<Connection> connections_;
  std::vector<Connection> lost_;        // open, and never heard of again
  std::vector<net::UniqueFd> fillers_;  // what fills the queue while it is away
};

// A session that asks every tenth of a second, and counts what becomes of it.
class Session final : public Asker {
 public:
  explicit Session(std::vector<Resolver*> resolvers) : resolvers_(std::move(resolvers)) {
    logging::set_level(logging::Level::error);  // no line for each failure here
    for (const Resolver* one : resolvers_)
      upstreams_.add(std::make_unique<Upstream>(one->endpoint(), nullptr, 16));
  }
  void leave() { forwarder_.leave(end()); }

  // Until then, or the first answer after `since`.
  void ask_until(Clock::time_point until, bool until_answered = false) {
    const std::size_t before = answered_;
    for (; now_ < until && (!until_answered || answered_ == before); now_ += kPace / 2) {
      if (++turns_ % 2 == 0) submit();
      for (int i = 0; i < 4; ++i) turn();  // to the resolver, and back
      if (turns_ % 20 == 0) upstreams_.sweep(now_);
    }
  }

  Clock::time_point now() const { return now_; }
  std::size_t submitted() const { return submitted_; }
  std::size_t answered() const { return answered_; }
  std::size_t failed() const { return failed_; }
  Clock::duration longest() const { return longest_; }  // from a query to its end

  void deliver(std::span<const Answer> answers, Clock::time_point) override {
    for (const Answer& answer : answers) {
      if (!answer.query->end()) continue;
      ++(answer.message.header.rcode == 0 ? answered_ : failed_);
      longest_ = std::max(longest_, now_ - answer.query->came);
    }
  }
  std::string client_of(const Query&) const override { return "test"; }
  bool is_one_client() const override { return true; }

 private:
  void submit() {
    dns::Message query;
    query.header.rd = true;
    query.questions.push_back({*dns::Name::parse("www.tag.test."), 1, 1});
    const Bytes wire = dns::encode(query);
    forwarder_.submit(
        std::make_shared<Query>(shared_from_this(), dns::inspect(wire).value(), dns::OptSplice{}), now_);
    ++submitted_;
  }

  void turn() {
    forwarder_.flush(now_);
    for (Resolver* one : resolvers_) one->turn();
    std::vector<pollfd> entries;
    forwarder_.poll_entries(entries, now_);
    poll(entries.data(), entries.size(), 0);
    forwarder_.on_events(entries, now_);
    forwarder_.on_time(now_);
  }

  const std::vector<Resolver*> resolvers_;
  Limits limits_;
  Upstreams upstreams_{false};
  Forwarder forwarder_{upstreams_, limits_, *this};
  Clock::time_point now_ = Clock::now();
  unsigned turns_ = 0;
  std::size_t submitted_ = 0, answered_ = 0, failed_ = 0;
  Clock::duration longest_{0};
};

// Sanitizers make it minutes: they get two.
std::vector<milliseconds> outages() {
  std::vector<milliseconds> all;
  for (const int one : {1000, 60'700, 60'000, 61'400, 62'100, 62'800, 63'500, 64'200, 600'000})
    all.emplace_back(one);
  if (SANITIZED) all.resize(2);
  return all;
}

}  // namespace

TEST_CASE(
    "after 1 s, 60 s or 600 s of an unreachable upstream the first answer comes within 2 s of its return") {
  const milliseconds outage = GENERATE(from_range(outages()));
  const auto how = GENERATE(Resolver::Away::refuses, Resolver::Away::swallows);
  const int count = GENERATE(1, 2);
  CAPTURE(outage.count(), static_cast<int>(how), count);
  std::array<Resolver, 2> resolvers;
  std::vector<Resolver*> used;
  for (int i = 0; i < count; ++i) used.push_back(&resolvers[static_cast<std::size_t>(i)]);
  const auto asker = std::make_shared<Session>(used);
  Session& session = *asker;
  session.ask_until(session.now() + seconds(1));
  CHECK(session.answered() == session.submitted());

  for (Resolver* one : used) one->leave(how);
  session.ask_until(session.now() + outage);
  // Every query ends in time, even where nobody ever answers.
  CHECK(session.longest() <= Limits{}.query + kPace);
  if (outage > Limits{}.query) CHECK(session.failed() > 0);
  used.back()->come_back();  // one of them is enough
  const auto returned = session.now();
  session.ask_until(returned + seconds(20), true);
  CHECK(session.now() - returned < seconds(2));
  // And from then on all is as before.
  session.ask_until(session.now() + seconds(6));
  const std::size_t failed = session.failed();
  session.ask_until(session.now() + seconds(10));
  CHECK(session.failed() == failed);
  session.leave();
}

TEST_CASE("of three resolvers the third is tried before the first of two silent ones has another turn") {
  std::array<Resolver, 3> resolvers;
  for (int i = 0; i < 2; ++i) resolvers[static_cast<std::size_t>(i)].leave(Resolver::Away::swallows);
  const auto asker = std::make_shared<Session>(std::vector{&resolvers[0], &resolvers[1], &resolvers[2]});
  const auto begin = asker->now();
  asker->ask_until(begin + seconds(5), true);
  CHECK(asker->now() - begin <= milliseconds(700));  // 300 ms each, and the session's pace
  CHECK(asker->failed() == 0);
  asker->leave();
}
