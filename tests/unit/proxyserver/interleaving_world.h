// Three who share one connection to a resolver: Anna attends to it and asks nothing, Ben has asked, Carla may
// have. All in one thread, on a clock of the test's own; the resolver is played by hand, TCP is the kernel's.
#pragma once

#include <algorithm>
#include <map>
#include <sys/socket.h>

#include "common/dns/codes.h"
#include "common/dns/message.h"
#include "common/log.h"
#include "common/net/net_error.h"
#include "common/net/tcp.h"
#include "proxyserver/asking/forwarder.h"
#include "tests/support/catch.h"

namespace interleaving {

using namespace std::chrono_literals;
using Clock = Forwarder::Clock;

inline constexpr auto kStuck = 250ms;  // by then a query is stuck behind another

// One for all worlds, of which there are tens of thousands: so many ports there are not.
inline int listener() {
  static const net::UniqueFd socket = net::listen_tcp(*net::SocketAddress::parse("127.0.0.1", 0), 16);
  return socket.get();
}

inline net::UniqueFd accept_one() {
  return net::UniqueFd(accept4(listener(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

// Accepts connections, keeps what it is asked, and answers when it is told to.
class Resolver {
 public:
  Resolver() {
    while (accept_one().valid()) continue;  // of the world before
  }

  net::Endpoint endpoint() const {
    return {net::Transport::tcp, net::SocketAddress::of_socket(listener()), {}};
  }

  void take() {
    for (;;) {
      net::UniqueFd fd = accept_one();
      if (!fd.valid()) break;
      far_ends_.push_back({std::make_unique<net::TcpStream>(std::move(fd), "proxy"), {}});
    }
    for (FarEnd& far_end : far_ends_) take_from(far_end);
  }
  // Until it has been asked so often, over its first connection.
  void expect(std::size_t queries) {
    for (take(); asked_.size() < queries; take()) {
      pollfd entry{far_ends_.empty() ? listener() : far_ends_.front().stream->fd(), POLLIN, 0};
      REQUIRE(poll(&entry, 1, 1000) == 1);
    }
  }
  // Queries for that name; for any, if it is empty. False: nothing that the other end can still read.
  bool answer(const std::string& name) {
    take();
    bool answered = false;
    std::erase_if(asked_, [&](Asked& one) {
      if (!name.empty() && dns::decode(one.query)->questions[0].name.to_string() != name) return false;
      one.query[2] |= 0x80;
      try {
        net::write_frame(*one.stream, one.query, net::Deadline::in(1s));
        answered = true;
      } catch (const net::NetError&) {  // its connection is gone
      }
      return true;
    });
    return answered;
  }
  // What ends a connection, since nothing behind it can be told apart (a message shorter than a header).
  void say_nonsense() {
    for (const FarEnd& far_end : far_ends_)
      net::write_frame(*far_end.stream, Bytes(3), net::Deadline::in(1s));
  }
  bool owes_answers() {
    take();
    return !asked_.empty();
  }
  void close_all() {
    take();
    asked_.clear();
    far_ends_.clear();
  }

 private:
  struct FarEnd {
    std::unique_ptr<net::Stream> stream;
    net::FrameReader reader;
    bool open = true;
  };
  struct Asked {
    net::Stream* stream;
    Bytes query;
  };

  void take_from(FarEnd& far_end) try {
    while (far_end.open) {
      const auto status = far_end.reader.fill(*far_end.stream).status;
      if (status == net::IoResult::Status::closed) far_end.open = false;
      if (status != net::IoResult::Status::done) break;
      while (const auto query = far_end.reader.next())
        asked_.push_back({far_end.stream.get(), Bytes(query->begin(), query->end())});
    }
  } catch (const net::NetError&) {
    far_end.open = false;
  }

  std::vector<FarEnd> far_ends_;
  std::vector<Asked> asked_;
};

// Asks by a forwarder of its own, as a session does. Each of its functions is a turn of its thread, or a
// part.
class Person final : public Asker {
 public:
  struct Fate {  // of one query
    unsigned right = 0, failed = 0;
    bool operator==(const Fate&) const = default;
  };

  explicit Person(Upstreams& upstreams) : forwarder_(upstreams, limits_, *this) {}

  QueryPtr ask(const std::string& name, Clock::time_point now) {
    dns::Message message;
    message.questions.push_back({dns::Name::parse(name).value(), dns::type::A, dns::klass::IN});
    const Bytes wire = dns::encode(message);
    asked_.push_back(
        std::make_shared<Query>(shared_from_this(), dns::inspect(wire).value(), dns::OptSplice{}));
    forwarder_.submit(asked_.back(), now);
    forwarder_.flush(now);
    return asked_.back();
  }
  void on_time(Clock::time_point now) {
    forwarder_.on_time(now);
    forwarder_.flush(now);
  }
  // True: it attended to that socket.
  bool wait(Clock::time_point now, int socket = -1, std::chrono::milliseconds at_most = {}) {
    std::vector<pollfd> entries;
    forwarder_.poll_entries(entries, now);
    if (!entries.empty()) poll(entries.data(), entries.size(), static_cast<int>(at_most.count()));
    forwarder_.on_events(entries, now);
    return std::ranges::find(entries, socket, &pollfd::fd) != entries.end();
  }
  void end() {
    last_mail_ = Asker::end();
    has_ended_ = true;
  }
  void leave() {
    forwarder_.leave(last_mail_);
    last_mail_ = {};
  }
  bool has_ended() const { return has_ended_; }
  const std::vector<QueryPtr>& asked() const { return asked_; }
  Fate fate(const QueryPtr& query) const { return fates_.contains(query) ? fates_.at(query) : Fate{}; }
  bool waits() const {
    return std::ranges::any_of(asked_, [](const QueryPtr& query) { return query->waiting.load(); });
  }
  void forget() {  // a query holds who asked it
    asked_.clear();
    fates_.clear();
  }

  void deliver(std::span<const Answer> answers, Clock::time_point) override {
    const std::lock_guard lock(mutex_);
    for (const Answer& answer : answers) {
      CHECK(answer.query->asker.get() == this);
      CHECK(std::ranges::equal(answer.message.question, answer.query->view.question));
      if (!answer.query->end() || ended_) continue;
      Fate& fate = fates_[answer.query];
      ++(answer.message.header.rcode == dns::rcode::NOERROR ? fate.right : fate.failed);
    }
  }
  std::string client_of(const Query&) const override { return "test"; }
  bool is_one_client() const override { return true; }

 private:
  const Limits limits_;
  Forwarder forwarder_;
  Mail last_mail_;
  bool has_ended_ = false;
  std::vector<QueryPtr> asked_;
  std::map<QueryPtr, Fate> fates_;
};

struct Setup {
  bool carla = true;         // has asked too
  bool ready = true;         // the connection; else it is being made
  bool ben_attends = false;  // in place of Anna
  std::string to_string() const {
    return std::string(carla ? "with Carla, " : "") + (ready ? "ready, " : "connecting, ") +
           (ben_attends ? "Ben attends: " : "Anna attends: ");
  }
};

struct World {
  explicit World(const Setup& setup) {
    logging::set_level(logging::Level::error);  // no line for each failure here
    upstreams.add(std::make_unique<Upstream>(resolver.endpoint(), nullptr, 8));
    upstream = &upstreams.choose(nullptr, now);
    shared = upstream->connection(0, {}, now);
    REQUIRE(shared->attend(anna->waker()));
    bens_first = ben->ask("first.ben.", now);
    if (setup.carla) carla->ask("first.carla.", now);
    socket = shared->plan(now, 2s)->entry.fd;
    while (setup.ready && !shared->ready()) shared->turn(POLLOUT, now, replies);
    if (setup.ready) resolver.expect(setup.carla ? 2 : 1);
    if (!setup.ben_attends) return;
    anna_attends = false;
    REQUIRE(pass_on(shared));
    ben->on_time(now);
  }
  ~World() { ben->forget(), carla->forget(); }

  // The kernel of a busy machine may bring an answer a little later.
  void answer(const std::string& name) {
    pollfd entry{socket, POLLIN, 0};
    if (resolver.answer(name)) poll(&entry, 1, 100);
  }

  // All go on, and the resolver answers everything. A quarter of a second has to do: what is in none of the
  // places where it should be would be found after two at the earliest.
  void finish() {
    if (anna_attends) pass_on(shared);
    int calm = 0;
    for (const auto until = now + kStuck; now < until && calm < 3; now += kTick) {
      resolver.answer("");
      int attendants = 0;
      for (const auto& person : {ben, carla}) {
        if (person->has_ended()) continue;
        person->on_time(now);
        if (person->wait(now, socket, person->waits() ? kTick : 0ms)) ++attendants;
      }
      CHECK(attendants <= 1);
      calm = ben->waits() || carla->waits() ? 0 : calm + 1;
    }
    CHECK_FALSE(ben->waits());
    CHECK_FALSE(carla->waits());
    // Nothing is in flight: nobody attends, and who asks next can.
    const ConnectionPtr next = upstream->connection(0, {}, now);
    CHECK(next->idle_time(now));
    CHECK(next->attend(carla->waker()));
    next->leave();
    for (const auto& person : {ben, carla}) {
      if (!person->has_ended()) person->end();
      person->leave();
    }
  }

  // While somebody waits, at most as long as the test's own clock says: the kernel needs real time.
  static constexpr auto kTick = 5ms;

  Clock::time_point now = Clock::now();
  Resolver resolver;
  Upstreams upstreams{false};
  Upstream* upstream = nullptr;
  const std::shared_ptr<Person> anna = std::make_shared<Person>(upstreams);
  const std::shared_ptr<Person> ben = std::make_shared<Person>(upstreams);
  const std::shared_ptr<Person> carla = std::make_shared<Person>(upstreams);
  ConnectionPtr shared;
  int socket = -1;  // its
  QueryPtr bens_first;

  // Anna's.
  bool anna_attends = true;
  std::vector<Reply> replies;
  std::shared_ptr<const net::NetError> end;  // of the connection
  std::shared_ptr<const Death> death;
  std::vector<Returned> returned;
  std::vector<std::shared_ptr<Asker>> waiting;
};

}  // namespace interleaving
