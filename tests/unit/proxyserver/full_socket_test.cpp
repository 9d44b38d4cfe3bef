// A connection whose socket takes only so much: two threads submit, write and attend, with their steps in
// every order. What was submitted leaves once, whole and in its order, or comes back when the connection is
// lost.
#include <algorithm>
#include <array>
#include <sys/socket.h>

#include "common/net/net_error.h"
#include "proxyserver/upstreams/upstream.h"
#include "tests/support/catch.h"
#include "tests/support/fake_asker.h"
#include "tests/support/merges.h"

namespace {

using namespace std::chrono_literals;
using Clock = UpstreamConnection::Clock;
using Status = net::IoResult::Status;

// Takes as many octets as there is room, and nothing more once it is broken. Says nothing.
class Narrow final : public net::Stream {
 public:
  Narrow() : Stream("resolver") {
    std::array<int, 2> pair{};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) == 0);
    near_.reset(pair[0]);
    far_.reset(pair[1]);
  }
  void watch(net::Watcher&) override {}
  int fd() const override { return near_.get(); }
  net::IoResult try_read(std::span<std::uint8_t>) override { return {Status::want_read}; }
  net::IoResult try_write(ByteView from) override {
    if (broken) throw net::NetError::from_errno("write", ECONNRESET);
    const std::size_t count = std::min(room, from.size());
    if (count == 0) return {Status::want_write};
    room -= count;
    written.insert(written.end(), from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
    return {Status::done, count};
  }
  void close() noexcept override {}

  std::size_t room = 0;
  bool broken = false;
  Bytes written;

 private:
  net::UniqueFd near_, far_;
};

struct World {
  World() {
    auto stream = std::make_unique<Narrow>();
    narrow = stream.get();
    connection = std::make_shared<UpstreamConnection>(
        upstream, UpstreamConnection::Parts{nullptr, nullptr, std::move(stream), nullptr},
        UpstreamConnection::Terms{}, nullptr, now);
    REQUIRE(connection->attend(attendant->waker()));
    std::vector<Reply> none;
    REQUIRE(connection->turn(POLLOUT, now, none));  // it is ready
  }
  void submit(const std::string& name) {
    const QueryPtr query = asker->query(name);
    if (connection->submit({&query, 1}, *asker, {}, now) != UpstreamConnection::Submitted::no)
      submitted.push_back(query);
  }
  // As poll(2) would have it: writing, where that is waited for and there is room.
  void turn() {
    const auto plan = lost ? std::nullopt : connection->plan(now, 2s);
    if (!plan) return;
    const bool writable = (plan->entry.events & POLLOUT) != 0 && (narrow->room > 0 || narrow->broken);
    if (!writable && plan->until > now) return;
    std::vector<Reply> replies;
    try {
      connection->turn(writable ? POLLOUT : 0, now, replies);
    } catch (const net::NetError&) {
      lost = true;
      returned = connection->take_all();
    }
  }

  const Clock::time_point now = Clock::now();
  Upstream upstream{net::parse_endpoint("tcp://127.0.0.1:9").value(), {}, 1};
  Narrow* narrow = nullptr;
  ConnectionPtr connection;
  std::shared_ptr<FakeAsker> attendant = std::make_shared<FakeAsker>(), asker = std::make_shared<FakeAsker>();
  std::vector<QueryPtr> submitted, returned;
  bool lost = false;
};

Step<World> submits(const std::string& name) {
  return {"submits", [name](World& world) { world.submit(name); }};
}
Step<World> turns() {
  return {"turns", [](World& world) { world.turn(); }};
}
Step<World> room_for(std::size_t octets) {
  return {"room", [octets](World& world) { world.narrow->room += octets; }};
}
Step<World> breaks() {
  return {"breaks", [](World& world) { world.narrow->broken = true; }};
}

}  // namespace

TEST_CASE("whoever finds the socket full, what was submitted leaves once, whole and in its order") {
  for_each_merge<World>({submits("a."), submits("bb."), submits("ccc.")},
                        {room_for(1), turns(), room_for(20), turns(), room_for(70), turns()},
                        [](const auto& steps, const Order& order) {
                          INFO(order.to_string());
                          World world;
                          for (const Step<World>* step : steps) step->run(world);
                          world.narrow->room = 1000;
                          world.turn();
                          ByteView left = world.narrow->written;
                          REQUIRE(world.submitted.size() == 3);
                          for (const QueryPtr& query : world.submitted) {
                            REQUIRE(left.size() >= 4);
                            CHECK((left[0] << 8 | left[1]) == static_cast<int>(query->message.size()));
                            REQUIRE(left.size() >= 2 + query->message.size());
                            CHECK(std::ranges::equal(left.subspan(4, query->message.size() - 2),
                                                     ByteView(query->message).subspan(2)));
                            left = left.subspan(2 + query->message.size());
                          }
                          CHECK(left.empty());
                          CHECK(world.connection->take_all() == world.submitted);
                        });
}

TEST_CASE("whoever's write fails, the attendant hears of it, and everything comes back") {
  for_each_merge<World>({submits("a."), submits("bb."), submits("ccc.")},
                        {room_for(20), turns(), breaks(), turns(), turns()},
                        [](const auto& steps, const Order& order) {
                          INFO(order.to_string());
                          World world;
                          for (const Step<World>* step : steps) step->run(world);
                          world.submit("last.");
                          world.turn();
                          world.turn();
                          CHECK(world.lost);
                          CHECK(world.returned == world.submitted);
                        });
}
