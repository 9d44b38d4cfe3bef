// What those who share a connection to a resolver get from it.
#include <algorithm>

#include "tests/unit/proxyserver/shared_connection.h"

namespace {

using namespace shared_connection;

std::uint16_t id_of(ByteView message) {
  return static_cast<std::uint16_t>(message[0] << 8 | message[1]);
}

std::vector<QueryPtr> queries_of(const std::vector<Returned>& returned) {
  std::vector<QueryPtr> queries;
  for (const Returned& one : returned) queries.push_back(one.query);
  return queries;
}

}  // namespace

TEST_CASE("of two who share a connection each gets the answer to its own query, once") {
  Shared shared;
  CHECK(id_of(shared.came[0]) != id_of(shared.came[1]));
  CHECK(shared.upstream.connection(0, kForAll, shared.now) == shared.connection);
  Bytes other = shared.came[0];
  other[13] ^= 1;  // a letter of its name
  Bytes stray = shared.came[0];
  while (std::ranges::any_of(shared.came, [&](const Bytes& one) { return id_of(one) == id_of(stray); }))
    ++stray[1];
  for (const Bytes& message : {other, stray, shared.came[1], shared.came[1], shared.came[0]})
    shared.answer(message);
  for (std::size_t count = 0; count < 2;) {
    for (const Reply& reply : shared.turn(shared.now)) {
      const QueryPtr& query = shared.queries[count++ == 0 ? 1 : 0];
      CHECK(reply.query == query);
      REQUIRE(reply.answer);
      CHECK(id_of(reply.answer->bytes) == 7);  // the client's again
      CHECK(std::ranges::equal(reply.answer->question, query->view.question));
    }
  }
  CHECK(shared.upstream.is_out_of_order());
  CHECK_FALSE(shared.connection->is_awaited());
}

TEST_CASE("a query that has ended keeps its ID until its late answer, which nobody gets") {
  Shared shared;
  for (const QueryPtr& query : shared.queries) query->end();
  CHECK(shared.connection->plan(shared.now, kHedgeAfter));  // it is attended to all the same
  SECTION("it comes") {
    for (const Bytes& query : shared.came) {
      CHECK(shared.connection->plan(shared.now, kHedgeAfter));
      shared.answer(query);
      CHECK(shared.turn(shared.now + 1ms).empty());
    }
    CHECK_FALSE(shared.connection->plan(shared.now + 2ms, kHedgeAfter));
    CHECK_FALSE(shared.connection->is_used_up());
    CHECK(shared.connection->idle_time(shared.now + 5ms) == 3ms);
    CHECK(shared.submit(shared.ben, "third.example.", shared.now + 10s) == Submitted::attend);
  }
  SECTION("it comes when another asks: it is not for that one") {
    REQUIRE(shared.submit(shared.ben, "third.example.", shared.now) == Submitted::taken);
    shared.read();
    CHECK(id_of(shared.came[2]) != id_of(shared.came[0]));
    for (const std::size_t i : {0U, 2U}) shared.answer(shared.came[i]);
    std::vector<Reply> replies;
    while (replies.empty()) replies = shared.turn(shared.now);
    REQUIRE(replies.size() == 1);
    CHECK(replies[0].query == shared.queries[2]);
  }
  SECTION("it does not come: then the connection takes no more, so that nobody waits there in vain") {
    CHECK(shared.connection->plan(shared.now + kHedgeAfter - 1ms, kHedgeAfter));
    CHECK_FALSE(shared.connection->plan(shared.now + kHedgeAfter, kHedgeAfter));
    CHECK(shared.connection->is_used_up());
    CHECK(shared.submit(shared.ben, "third.example.", shared.now + kHedgeAfter) == Submitted::no);
  }
}

TEST_CASE("one attends at a time, and it goes to nobody whose query has ended") {
  Shared shared;
  CHECK_FALSE(shared.connection->attend(shared.ben->waker()));
  shared.queries[1]->end();
  CHECK(pass_on(shared.connection));
  CHECK(shared.anna->take_mail().connections == std::vector{shared.connection});
  CHECK_FALSE(shared.ben->has_mail());
  CHECK(shared.submit(shared.ben, "third.example.", shared.now) == Submitted::attend);  // it was faster
  CHECK_FALSE(shared.connection->attend(shared.anna->waker()));
}

TEST_CASE("behind a slow query the others are told to go another way, and the slow one is not") {
  Shared shared;
  REQUIRE(shared.submit(shared.anna, "third.example.", shared.now) == Submitted::taken);
  CHECK(shared.connection->overdue(shared.now + 50ms, kHedgeAfter).empty());
  const auto later = shared.now + 1s;
  const auto stuck = shared.connection->overdue(later, kHedgeAfter);
  CHECK(queries_of(stuck) == std::vector{shared.queries[1], shared.queries[2]});
  for (const Returned& one : stuck) CHECK(one.why == Returned::Why::stuck);
  CHECK(shared.connection->overdue(later, kHedgeAfter).empty());  // once
  SECTION("its answer sets them free") {
    shared.answered(shared.came[0], later);
    CHECK(shared.submit(shared.ben, "fourth.example.", later) == Submitted::taken);
    CHECK(shared.connection->overdue(later + 50ms, kHedgeAfter).empty());
    CHECK(queries_of(shared.connection->overdue(later + 1s, kHedgeAfter)) ==
          std::vector{shared.queries[2], shared.queries[3]});
  }
  SECTION("silence: all of them are told, the oldest too, and again after a while") {
    for (const auto silent : {shared.now + kHedgeAfter, shared.now + 2 * kHedgeAfter}) {
      CHECK(shared.connection->overdue(silent - 1ms, kHedgeAfter).empty());
      const auto told = shared.connection->overdue(silent, kHedgeAfter);
      CHECK(queries_of(told) == shared.queries);
      for (const Returned& one : told) CHECK((one.why == Returned::Why::silent && !one.apart));
    }
  }
  SECTION(
      "silence, but the resolver answers others: where the slow ones go next, they are to hold up nobody") {
    shared.upstream.succeeded(1ms, later);
    const auto told = shared.connection->overdue(shared.now + kHedgeAfter, kHedgeAfter);
    CHECK(told.size() == 3);
    for (const Returned& one : told) CHECK((one.why == Returned::Why::silent && one.apart));
  }
  SECTION("a slow one that has ended: all that wait are behind it") {
    shared.answered(shared.came[0], later);
    shared.queries[1]->end();
    REQUIRE(shared.connection->is_awaited());
    CHECK(queries_of(shared.connection->overdue(later + 1s, kHedgeAfter)) == std::vector{shared.queries[2]});
  }
}

TEST_CASE("nobody joins a query that has proved slow, not even by a clock that was read before that") {
  Shared shared;
  shared.answered(shared.came[0], shared.now);
  CHECK(shared.connection->overdue(shared.now + 1s, kHedgeAfter).empty());  // it is alone
  for (const auto when : {shared.now + 50ms, shared.now + 1s})
    CHECK(shared.submit(shared.anna, "third.example.", when) == Submitted::no);
}

TEST_CASE("where only late answers are owed the attendant looks again before a new query has proved slow") {
  Shared shared;
  for (const QueryPtr& query : shared.queries) query->end();
  CHECK(shared.connection->plan(shared.now, kHedgeAfter)->until <= shared.now + 200ms);
}

TEST_CASE("nobody is told to go round a slow query where the resolver answers out of order") {
  Shared shared;
  shared.upstream.answers_out_of_order();
  CHECK(shared.connection->overdue(shared.now + 1s, kHedgeAfter).empty());
  CHECK(shared.connection->overdue(shared.now + kHedgeAfter, kHedgeAfter).size() == 2);
}

TEST_CASE("a connection takes queries on its own terms alone") {
  Shared shared;
  const auto takes = [&](const ConnectionPtr& connection, UpstreamConnection::Terms terms) {
    shared.queries.push_back(shared.anna->query("example."));
    return connection->submit({&shared.queries.back(), 1}, *shared.anna, terms, shared.now) != Submitted::no;
  };
  const UpstreamConnection::Terms annas{shared.anna.get(), false}, bens{shared.ben.get(), false},
      once{shared.anna.get(), true};
  const ConnectionPtr own = shared.upstream.connect(annas, shared.now);
  for (const auto& terms : {kForAll, bens, once}) CHECK_FALSE(takes(own, terms));
  for (int i = 0; i < 2; ++i) CHECK(takes(own, annas));
  const ConnectionPtr single = shared.upstream.connect(once, shared.now);
  CHECK(takes(single, once));
  CHECK(single->is_used_up());
  CHECK_FALSE(takes(single, once));
}
