#include "proxyserver/upstreams/in_flight.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "tests/support/catch.h"
#include "tests/support/fake_asker.h"

namespace {

const InFlight::Clock::time_point kNow{std::chrono::hours(1)};

std::vector<std::string> order_of(InFlight& table) {
  std::vector<std::string> names;
  table.for_each_awaited([&](const InFlight::Entry& entry) {
    const auto message = dns::decode(entry.query->message);
    names.push_back(message.value().questions[0].name.to_string());
  });
  return names;
}

}  // namespace

TEST_CASE("equal IDs of two clients stay apart: each query gets its own") {
  const auto asker = std::make_shared<FakeAsker>();
  InFlight table;
  std::map<std::uint16_t, QueryPtr> queries;
  for (int i = 0; i < 500; ++i) {
    const QueryPtr query = asker->query("n" + std::to_string(i) + ".example.", 1);
    queries[table.add(query, false, kNow)] = query;
  }
  REQUIRE(queries.size() == 500);
  CHECK(table.taken() == 500);
  for (const auto& [id, query] : queries) {
    InFlight::Entry* entry = table.find(id);
    REQUIRE(entry != nullptr);
    CHECK(entry->query == query);
    CHECK(entry->sent == kNow);
    CHECK(query->view.header.id == 1);
    CHECK(query->view.bytes.data() == query->message.data());
    CHECK(query->view.question.data() == query->message.data() + 12);
  }
}

TEST_CASE("an ID that is not in flight finds nothing, before and after") {
  const auto asker = std::make_shared<FakeAsker>();
  InFlight table;
  CHECK(table.find(0) == nullptr);
  const QueryPtr query = asker->query("example.");
  const std::uint16_t id = table.add(query, false, kNow);
  // The same place in the table, another ID.
  CHECK(table.find(static_cast<std::uint16_t>(id ^ 0x8000)) == nullptr);
  CHECK(table.remove(*table.find(id)) == query);
  CHECK(table.find(id) == nullptr);
  CHECK(table.taken() == 0);
  CHECK(table.oldest() == nullptr);
  table.release();
  CHECK(table.find(id) == nullptr);
}

TEST_CASE("IDs follow no order and cover their range (RFC 5452 §9.2)") {
  const auto asker = std::make_shared<FakeAsker>();
  const QueryPtr query = asker->query("example.");
  InFlight table;
  std::set<std::uint16_t> seen;
  int rising = 0;
  std::uint16_t previous = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::uint16_t id = table.add(query, false, kNow);
    rising += id > previous ? 1 : 0;
    previous = id;
    seen.insert(id);
    table.remove(*table.find(id));
  }
  CHECK(seen.size() > 3700);  // 4000 draws of 65536: about 3880 differ
  CHECK(rising > 1700);
  CHECK(rising < 2300);
  CHECK(*seen.begin() < 200);
  CHECK(*seen.rbegin() > 65336);
}

TEST_CASE("the order is that of sending, while the table grows and whoever leaves") {
  const auto asker = std::make_shared<FakeAsker>();
  InFlight table;
  std::vector<std::uint16_t> ids;
  for (int i = 0; i < 20; ++i)
    ids.push_back(table.add(asker->query("n" + std::to_string(i) + ".example."), false, kNow));
  for (const int i : {0, 7, 8, 19}) table.remove(*table.find(ids[static_cast<std::size_t>(i)]));
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i)
    if (i != 0 && i != 7 && i != 8 && i != 19) expected.push_back("n" + std::to_string(i) + ".example.");
  CHECK(order_of(table) == expected);
  CHECK(table.is_oldest(*table.find(ids[1])));
  ids.push_back(table.add(asker->query("late.example."), false, kNow));
  expected.emplace_back("late.example.");
  CHECK(order_of(table) == expected);
}

TEST_CASE("neighbours may leave the order in any order") {
  const auto asker = std::make_shared<FakeAsker>();
  std::array removal{0, 1, 2, 3};
  do {
    InFlight table;
    std::map<std::string, std::uint16_t> ids;
    std::vector<std::string> expected;
    const auto add = [&](const std::string& name) {
      ids[name] = table.add(asker->query(name), false, kNow);
      expected.push_back(name);
    };
    for (const int i : removal) add(std::to_string(i) + ".example.");
    for (int i = 0; i < 4; ++i) {
      const std::string name = std::to_string(i) + ".example.";
      table.remove(*table.find(ids[name]));
      std::erase(expected, name);
      CHECK(order_of(table) == expected);
    }
    add("next.example.");
    CHECK(order_of(table) == expected);
  } while (std::ranges::next_permutation(removal).found);
}

TEST_CASE("a query that has ended leaves the order, and keeps its ID until its answer comes") {
  const auto asker = std::make_shared<FakeAsker>();
  InFlight table;
  const QueryPtr first = asker->query("first.example.");
  const QueryPtr second = asker->query("second.example.");
  const std::uint16_t id = table.add(first, false, kNow);
  table.add(second, true, kNow);
  CHECK(table.oldest()->query == first);
  CHECK_FALSE(table.oldest()->gathered);
  first->end();
  CHECK(table.oldest()->query == second);
  CHECK(table.oldest()->gathered);
  CHECK(table.awaited() == 1);
  CHECK(table.taken() == 2);
  REQUIRE(table.find(id) != nullptr);
  CHECK_FALSE(table.is_oldest(*table.find(id)));
  second->end();
  CHECK(table.oldest() == nullptr);
  CHECK(table.awaited() == 0);
  table.remove(*table.find(id));
  CHECK(table.taken() == 1);
}

TEST_CASE("all that are awaited can be taken out at once, the oldest first") {
  const auto asker = std::make_shared<FakeAsker>();
  InFlight table;
  std::vector<QueryPtr> queries;
  for (int i = 0; i < 5; ++i) {
    queries.push_back(asker->query("n" + std::to_string(i) + ".example."));
    table.add(queries.back(), false, kNow);
  }
  queries[0]->end();
  CHECK(table.oldest()->query == queries[1]);
  CHECK(table.take_all() == std::vector<QueryPtr>(queries.begin() + 1, queries.end()));
  CHECK(table.taken() == 0);
  CHECK(table.oldest() == nullptr);
}
