// What a connection's end tells those whose queries were on it.
#include "tests/support/dead_port.h"
#include "tests/unit/proxyserver/shared_connection.h"

using namespace shared_connection;

TEST_CASE("a death tells whether the resolver was reached at all") {
  const auto anna = std::make_shared<FakeAsker>();
  const DeadPort port;
  Upstream upstream({net::Transport::tcp, port.address(), {}}, {}, 1);
  const auto now = Clock::now();
  const ConnectionPtr connection = upstream.connection(0, kForAll, now);
  const QueryPtr query = anna->query("example.");
  REQUIRE(connection->submit({&query, 1}, *anna, kForAll, now) == Submitted::attend);
  std::vector<Reply> replies;
  try {
    for (const auto end = net::Deadline::in(10s); !end.expired();) connection->turn(POLLOUT, now, replies);
    FAIL("nobody listens there");
  } catch (const net::NetError& cause) {
    const Death death = connection->death(cause, now);
    CHECK_FALSE(death.reason.empty());
    CHECK(death.unreached);
    CHECK(death.may_heal);
    CHECK_FALSE(death.carried);
    CHECK_FALSE(death.proven);
    CHECK_FALSE(death.answers_once);
    CHECK_FALSE(death.stalled);
    CHECK_FALSE(death.was_resting);
  }
  CHECK(connection->take_all() == std::vector{query});
  CHECK_FALSE(connection->is_awaited());
}

TEST_CASE("a death tells what the connection had been good for") {
  Shared shared;
  auto now = shared.now + 1ms;
  bool proven = true, answers_once = false, stalled = false, was_resting = false, may_heal = true;
  // Both queries answered, then one more after that time.
  const auto ask_again_after = [&](Clock::duration rest) {
    for (const Bytes& query : shared.came) shared.answered(query, now);
    REQUIRE_FALSE(shared.connection->plan(now, kHedgeAfter));
    now += rest;
    REQUIRE(shared.submit(shared.anna, "third.example.", now) == Submitted::attend);
    shared.read();
  };

  SECTION("closed without a word") {
    shared.far_end.reset();
    proven = false;
  }
  SECTION("closed after one answer, with another owed") {
    shared.answered(shared.came[0], now);
    shared.far_end.reset();
    answers_once = true;
  }
  SECTION("closed behind an answer that came with the end") {
    shared.answer(shared.came[0]);
    shared.far_end.reset();
    answers_once = true;
  }
  SECTION("closed after two answers, with a third owed") {
    ask_again_after(1ms);
    shared.far_end.reset();
  }
  SECTION("closed long after its last answer, with others owed") {
    ask_again_after(1ms);
    shared.far_end.reset();
    now += 501ms;
    stalled = true;
  }
  SECTION("closed as soon as it was asked again after a rest") {
    ask_again_after(1001ms);
    shared.far_end.reset();
    was_resting = true;
  }
  SECTION("nonsense") {
    net::write_frame(*shared.far_end, Bytes(11), net::Deadline::in(10s));
    proven = may_heal = false;
  }
  const Death death = shared.death(now);
  CHECK_FALSE(death.reason.empty());
  CHECK(death.carried);
  CHECK_FALSE(death.unreached);
  CHECK(death.may_heal == may_heal);
  CHECK(death.proven == proven);
  CHECK(death.answers_once == answers_once);
  CHECK(death.stalled == stalled);
  CHECK(death.was_resting == was_resting);
}
