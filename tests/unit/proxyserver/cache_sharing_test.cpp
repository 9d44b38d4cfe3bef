// Stale answers, answers that are asked for again, and questions that are asked once for many.
#include "tests/unit/proxyserver/cache_world.h"

using namespace cache_world;

namespace {

Limits stale_for(std::chrono::seconds time) {
  Limits limits;
  limits.serve_stale = time;
  return limits;
}

}  // namespace

TEST_CASE(
    "what has expired is given for --serve-stale, once a resolver has failed, with TTL 30 and an error") {
  World world(stale_for(60s));
  const auto rcode = GENERATE(as<std::uint8_t>{}, dns::rcode::NOERROR, dns::rcode::NXDOMAIN);
  const dns::Message query = with_opt(question());
  dns::Message answer = reply_to(query, rcode);
  answer.authorities = {soa(10, 10)};
  world.keep(query, answer);
  world.now += 20s;
  CHECK_FALSE(world.find(query));  // somebody is to be asked first
  const QueryPtr waiting = world.query(query);
  CHECK(world.join(waiting) == Cache::Joined::refresh);
  const QueryPtr refresh = world.query(query);
  world.cache.start(refresh, false);
  CHECK(world.refresher->has_mail());
  CHECK(world.join(waiting) == Cache::Joined::wait);
  CHECK(waiting->may_be_stale);
  CHECK(world.finish(refresh, dns::encode(reply_to(query, dns::rcode::SERVFAIL))) == std::vector{waiting});
  const auto stale = world.cache.stale(*waiting, world.now, world.buffer);
  REQUIRE(stale.has_value());
  CHECK(stale->use == CacheUse::stale);
  CHECK(stale->message.bytes.size() == world.buffer.size());
  const dns::Message message = dns::decode(world.buffer).value();
  CHECK(message.authorities[0].ttl == 30);
  CHECK(extended_error(message) ==
        (rcode == dns::rcode::NXDOMAIN ? dns::ede::STALE_NXDOMAIN : dns::ede::STALE_ANSWER));

  // For a while, nobody waits for that again.
  world.now += 29s;
  REQUIRE(world.find(query));
  CHECK(world.find(query)->use == CacheUse::stale);
  world.now += 1s;
  CHECK_FALSE(world.find(query));
  world.now += 20s;  // the time is over
  CHECK_FALSE(world.cache.stale(*waiting, world.now, world.buffer));
  CHECK_FALSE(world.find(query));
  CHECK(world.cache.load().entries == 0);
}

TEST_CASE("nothing is given stale without --serve-stale, and a failure never") {
  World world(stale_for(GENERATE(0s, 60s)));
  const bool allowed = world.limits.current().serve_stale > 0s;
  world.keep(question(), positive(question(), 10));
  world.now += 10s;
  CHECK(world.cache.stale(*world.query(question()), world.now, world.buffer).has_value() == allowed);
  const dns::Message failing = question("failing.test.");
  world.keep(failing, reply_to(failing, dns::rcode::SERVFAIL));
  world.now += 2s;
  CHECK_FALSE(world.cache.stale(*world.query(failing), world.now, world.buffer));
}

TEST_CASE("what is asked for often is asked for again, once, in the last tenth of its time") {
  World world;
  world.keep(question(), positive(question(), 100));
  CHECK_FALSE(world.find(question())->wants_refresh);
  world.now += 89s;
  CHECK_FALSE(world.find(question())->wants_refresh);
  world.now += 1s;
  CHECK(world.find(question())->wants_refresh);
  CHECK_FALSE(world.find(question())->wants_refresh);

  const QueryPtr refresh = world.query(question());
  world.cache.start(refresh, true);
  CHECK(world.refresher->has_mail());
  CHECK(world.find(question())->message.answers[0].ttl == 10);  // until the new one is there
  world.finish(refresh, dns::encode(positive(question(), 100)));
  CHECK(world.find(question())->message.answers[0].ttl == 100);

  world.keep(question("rare.test."), positive(question("rare.test."), 100));
  world.now += 95s;
  CHECK_FALSE(world.find(question("rare.test."))->wants_refresh);
}

TEST_CASE("of those who ask the same at once one asks, and if it leaves another one does") {
  World world;
  const QueryPtr first = world.query(question());
  const QueryPtr second = world.query(question("WWW.example.com."));
  const QueryPtr third = world.query(question());
  CHECK(world.join(first) == Cache::Joined::ask);
  CHECK(world.join(second) == Cache::Joined::wait);
  CHECK(world.join(third) == Cache::Joined::wait);
  CHECK(world.join(world.query(question("other.test."))) == Cache::Joined::ask);

  CHECK(world.cache.abandon(third).empty());  // it does not lead
  second->end();
  CHECK(world.cache.abandon(first) == std::vector{third});
  const Bytes answer = dns::encode(positive(question()));
  CHECK(world.finish(first, answer).empty());  // it does not lead any more
  CHECK_FALSE(world.find(question()));
  const QueryPtr fourth = world.query(question());
  CHECK(world.join(fourth) == Cache::Joined::wait);
  CHECK(world.finish(third, answer) == std::vector{fourth});
  CHECK(world.join(world.query(question())) == Cache::Joined::found);

  const QueryPtr alone = world.query(question("alone.test."));
  CHECK(world.join(alone) == Cache::Joined::ask);
  CHECK(world.cache.abandon(alone).empty());
  CHECK(world.join(world.query(question("alone.test."))) == Cache::Joined::ask);
}

TEST_CASE(
    "clients that leave one after the other hold up nobody for long: those who wait ask for themselves") {
  World world;
  std::vector<QueryPtr> queries;
  for (int i = 0; i < 6; ++i) {
    queries.push_back(world.query(question()));
    world.join(queries.back());
  }
  CHECK(world.cache.abandon(queries[0]) == std::vector{queries[1]});
  CHECK(world.cache.abandon(queries[1]) == std::vector{queries[2]});
  CHECK(world.cache.abandon(queries[2]) == std::vector{queries[3], queries[4], queries[5]});
  CHECK(world.finish(queries[4], dns::encode(positive(question()))).empty());  // it does not lead
  CHECK_FALSE(world.find(question()));
  world.finish(queries[3], dns::encode(positive(question())));
  CHECK(world.find(question()));
}

TEST_CASE("a query that ended without a word to the cache keeps nobody from asking") {
  World world;
  const QueryPtr first = world.query(question());
  const QueryPtr second = world.query(question());
  const QueryPtr third = world.query(question());
  world.join(first);
  CHECK(world.join(second) == Cache::Joined::wait);
  first->end();
  CHECK(world.join(third) == Cache::Joined::ask);
  CHECK(world.finish(third, dns::encode(positive(question()))) == std::vector{second});
}

TEST_CASE("when nobody is left to refresh answers, clients ask for themselves") {
  World world(stale_for(60s));
  world.keep(question(), positive(question(), 10));
  world.now += 20s;
  world.refresher->end();
  const QueryPtr client = world.query(question());
  CHECK(world.join(client) == Cache::Joined::refresh);
  world.cache.start(world.query(question()), false);
  CHECK(world.join(client, true) == Cache::Joined::ask);
  CHECK(client->may_be_stale);
}

TEST_CASE("an answer that was under way when the cache was emptied is given, and not kept") {
  World world;
  const QueryPtr first = world.query(question());
  const QueryPtr second = world.query(question());
  world.join(first);
  world.join(second);
  world.cache.flush();
  const QueryPtr third = world.query(question());
  CHECK(world.join(third) == Cache::Joined::ask);  // it waits for nobody who was asked before
  CHECK(world.finish(first, dns::encode(positive(question()))) == std::vector{second});
  CHECK_FALSE(world.find(question()));
}

TEST_CASE("an answer is written again for another with its ID and letters") {
  Bytes message = dns::encode(positive(question()));
  dns::Message other = question("WWW.EXAMPLE.COM.");
  other.header.id = 7;
  const Bytes wire = dns::encode(other);
  readdress(message, dns::inspect(wire).value());
  CHECK(dns::decode(message)->header.id == 7);
  CHECK(dns::decode(message)->questions[0].name.to_string() == "WWW.EXAMPLE.COM.");
  message.resize(dns::kHeaderSize + 3);
  CHECK_THROWS_AS(readdress(message, dns::inspect(wire).value()), std::length_error);
}
