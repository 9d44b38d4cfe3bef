#include "proxyserver/upstreams/in_flight.h"

#include <map>
#include <set>

#include "common/dns/codes.h"
#include "common/dns/message.h"
#include "tests/support/catch.h"

namespace {

Bytes query_for(const std::string& name, std::uint16_t id) {
  dns::Message message;
  message.header.id = id;
  message.questions.push_back({dns::Name::parse(name).value(), dns::type::A, dns::klass::IN});
  return dns::encode(message);
}

std::uint16_t add(InFlight& table, const std::string& name, std::uint16_t id) {
  const Bytes message = query_for(name, id);
  return table.add(dns::inspect(message).value(), {}).id;
}

}  // namespace

TEST_CASE("equal IDs of one client stay apart: each query gets its own") {
  InFlight table;
  std::map<std::uint16_t, std::string> names;
  for (int i = 0; i < 500; ++i) {
    const std::string name = "n" + std::to_string(i) + ".example.";
    names[add(table, name, 1)] = name;
  }
  REQUIRE(names.size() == 500);
  for (const auto& [id, name] : names) {
    Query* query = table.find(id);
    REQUIRE(query != nullptr);
    CHECK(query->client_id == 1);
    Bytes expected = query_for(name, id);  // the message carries the ID it goes upstream with
    CHECK(query->message == expected);
    CHECK(query->view.bytes.data() == query->message.data());  // the view follows when the table grows
    CHECK(query->view.question.data() == query->message.data() + 12);
  }
}

TEST_CASE("an ID that is not in flight finds nothing, before and after") {
  InFlight table;
  CHECK(table.find(0) == nullptr);
  const std::uint16_t id = add(table, "example.", 7);
  CHECK(table.find(static_cast<std::uint16_t>(id ^ 0x8000)) ==
        nullptr);  // the same place in the table, another ID
  table.remove(*table.find(id));
  CHECK(table.find(id) == nullptr);
  CHECK(table.empty());
  table.release();
  CHECK(table.find(id) == nullptr);
}

TEST_CASE("IDs follow no order and cover their range (RFC 5452 §9.2)") {
  InFlight table;
  std::set<std::uint16_t> seen;
  int rising = 0;
  std::uint16_t previous = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::uint16_t id = add(table, "example.", 1);
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

TEST_CASE("visiting may remove what it visits") {
  InFlight table;
  for (std::uint16_t i = 0; i < 50; ++i) add(table, "example.", i);
  table.for_each([&](Query& query) {
    if (query.client_id % 2 == 0) table.remove(query);
  });
  CHECK(table.size() == 25);
  table.for_each([&](Query& query) { CHECK(query.client_id % 2 == 1); });
}
