// What the cache keeps, for how long, and which questions it answers.
#include <functional>

#include "tests/unit/proxyserver/cache_world.h"

using namespace cache_world;

TEST_CASE("what the cache keeps is given until the smallest TTL in it is over, each TTL counted down") {
  World world;
  dns::Message answer = positive(question());
  answer.header.aa = true;
  answer.additionals.push_back(record("ns.example.com.", dns::type::A, 60, "192.0.2.53"));
  world.keep(question(), answer);

  world.now += 10900ms;
  const auto found = world.find(question());
  REQUIRE(found.has_value());
  CHECK(found->use == CacheUse::fresh);
  CHECK(found->message.answers[0].ttl == 290);
  CHECK(found->message.additionals[0].ttl == 50);
  CHECK_FALSE(found->message.header.aa);
  world.now += 49s;
  CHECK(world.find(question())->message.additionals[0].ttl == 1);
  world.now += 100ms;
  CHECK_FALSE(world.find(question()));
  CHECK(world.cache.load().entries == 0);
}

TEST_CASE("an answer out of the cache has the ID and the letters of the one who asks") {
  World world;
  world.keep(question(), positive(question()));
  dns::Message other = question("wWw.ExAmPlE.cOm.");
  other.header.id = 99;
  const auto found = world.find(other);
  REQUIRE(found.has_value());
  CHECK(found->message.header.id == 99);
  const Bytes spelled = dns::encode(other);
  CHECK(
      std::equal(spelled.begin() + dns::kHeaderSize, spelled.end(), world.buffer.begin() + dns::kHeaderSize));
  CHECK(found->message.answers.size() == 1);  // its owner is a pointer to the question
}

TEST_CASE("an answer is given to nobody whose question differs in what the answer may depend on") {
  const auto change = [](const std::function<void(dns::Message&)>& how) {
    dns::Message message = with_opt(question());
    how(message);
    return message;
  };
  const auto subnet = [](std::uint8_t third) {
    return dns::EdnsOption{dns::option::CLIENT_SUBNET, {0, 1, 24, 0, 192, 0, third}};
  };
  World world;
  world.keep(with_opt(question()), positive(with_opt(question())));
  REQUIRE(world.find(with_opt(question())));
  const dns::Message others[] = {
      with_opt(question("www.example.net.")),
      with_opt(question("ww.wexample.com.")),
      question(),
      change([](auto& m) { m.questions[0].type = dns::type::AAAA; }),
      change([](auto& m) { m.questions[0].klass = dns::klass::CH; }),
      change([](auto& m) { m.header.rd = false; }),
      change([](auto& m) { m.header.cd = true; }),
      change([](auto& m) { m.header.ad = true; }),
      change([](auto& m) { m.edns->dnssec_ok = true; }),
      change([&](auto& m) { m.edns->options = {subnet(2)}; }),
  };
  for (const dns::Message& other : others) CHECK_FALSE(world.find(other));

  const dns::Message here = with_opt(question(), {subnet(2)});
  world.keep(here, positive(here));
  CHECK(world.find(here));
  CHECK_FALSE(world.find(with_opt(question(), {subnet(3)})));

  // What concerns the client's hop alone.
  CHECK(world.find(change([](auto& m) {
    m.edns->udp_size = 4096;
    m.edns->options = {
        {dns::option::COOKIE, Bytes(8, 1)}, {dns::option::KEEPALIVE, {}}, {dns::option::PADDING, Bytes(20)}};
  })));
}

TEST_CASE("a query that asks for something of its own is not for the cache") {
  const World world;
  CHECK(world.query(question())->key != nullptr);
  CHECK(world.query(with_opt(question(), {{dns::option::NSID, {}}}))->key == nullptr);
  CHECK(world.query(with_opt(question(), {{65001, {1, 2, 3}}}))->key == nullptr);
  dns::Message message = with_opt(question());
  message.edns->version = 1;
  CHECK(world.query(message)->key == nullptr);
  message = with_opt(question());
  message.edns->z = 1;
  CHECK(world.query(message)->key == nullptr);
  message = question();
  message.additionals.push_back(record("a.", dns::type::A, 1, "192.0.2.1"));
  CHECK(world.query(message)->key == nullptr);
  message = question();
  message.answers.push_back(record("a.", dns::type::A, 1, "192.0.2.1"));
  CHECK(world.query(message)->key == nullptr);
  // A resolver may drop or refuse these: nobody else is to wait for that.
  for (const auto bit : {&dns::Header::aa, &dns::Header::ra}) {
    message = question();
    message.header.*bit = true;
    CHECK(world.query(message)->key == nullptr);
  }
  message = question();
  message.header.rcode = dns::rcode::REFUSED;
  CHECK(world.query(message)->key == nullptr);
  message = with_opt(question());
  message.edns->extended_rcode = 1;
  CHECK(world.query(message)->key == nullptr);
}

TEST_CASE("a subnet in an answer to one who told none is cached for those who tell none") {
  World world;
  dns::Message answer = positive(with_opt(question()));
  answer.edns->options = {{dns::option::CLIENT_SUBNET, {0, 1, 24, 24, 192, 0, 2}}};
  world.keep(with_opt(question()), answer);
  CHECK(world.find(with_opt(question())));
  CHECK_FALSE(world.find(with_opt(question(), {{dns::option::CLIENT_SUBNET, {0, 1, 24, 0, 192, 0, 2}}})));
}

TEST_CASE("a negative answer is kept as long as its SOA says, and an hour at most (RFC 2308)") {
  World world;
  const auto rcode = GENERATE(as<std::uint8_t>{}, dns::rcode::NOERROR, dns::rcode::NXDOMAIN);
  dns::Message answer = reply_to(question(), rcode);
  CHECK_FALSE(world.keeps(answer));  // without SOA
  const auto lifetime = [&](std::uint32_t ttl, std::uint32_t minimum) {
    answer.authorities = {soa(ttl, minimum)};
    REQUIRE(world.keeps(answer));
    return world.find(question())->message.authorities[0].ttl;
  };
  CHECK(lifetime(900, 60) == 60);
  CHECK(lifetime(30, 60) == 30);
  CHECK(lifetime(90'000, 90'000) == 3600);
  answer.authorities = {soa(900, 0x80000000)};
  CHECK_FALSE(world.keeps(answer));
  // Nothing of that type behind an alias.
  answer.answers = {record("www.example.com.", dns::type::CNAME, 20, "web.example.com.")};
  answer.authorities.clear();
  CHECK_FALSE(world.keeps(answer));
  answer.authorities = {soa(900, 60)};
  REQUIRE(world.keeps(answer));
  world.now += 20s;
  CHECK_FALSE(world.find(question()));
}

TEST_CASE("what is truncated, has a TTL of 0 or of more than 31 bits, or another rcode, is never kept") {
  World world;
  const dns::Message good = positive(question());
  REQUIRE(world.keeps(good));
  dns::Message bad = good;
  bad.header.tc = true;
  CHECK_FALSE(world.keeps(bad));
  CHECK_FALSE(world.keeps(positive(question(), 0)));
  CHECK_FALSE(world.keeps(positive(question(), 0x80000001)));  // RFC 2181 §8
  for (const auto rcode : {dns::rcode::REFUSED, dns::rcode::FORMERR, dns::rcode::NOTIMP}) {
    bad = good;
    bad.header.rcode = static_cast<std::uint8_t>(rcode);
    CHECK_FALSE(world.keeps(bad));
  }
  bad = with_opt(good);
  bad.edns->extended_rcode = 1;  // BADVERS
  CHECK_FALSE(world.keeps(bad));
}

TEST_CASE("a failure is kept for a second, and never in the place of an answer (RFC 9520)") {
  World world;
  CHECK(world.keeps(reply_to(question(), dns::rcode::SERVFAIL)));
  world.now += 1s;
  CHECK_FALSE(world.find(question()));

  world.keep(question(), positive(question(), 10));
  world.keep(question("other.test."), reply_to(question("other.test."), dns::rcode::SERVFAIL));
  const QueryPtr again = world.query(question());
  world.cache.start(again, true);
  world.finish(again, dns::encode(reply_to(question(), dns::rcode::SERVFAIL)));
  CHECK(world.find(question())->message.header.rcode == dns::rcode::NOERROR);
}

TEST_CASE(
    "options --min-ttl and --max-ttl bound what the cache keeps, and what a reload says holds at once") {
  Limits limits;
  limits.min_ttl = 30s;
  limits.max_ttl = 200s;
  World world(limits);
  REQUIRE(world.keeps(positive(question(), 5)));
  CHECK(world.find(question())->message.answers[0].ttl == 30);
  REQUIRE(world.keeps(positive(question(), 0)));
  REQUIRE(world.keeps(positive(question(), 300)));
  CHECK(world.find(question())->message.answers[0].ttl == 200);
  limits.max_ttl = 100s;
  world.limits.publish(limits);
  REQUIRE(world.keeps(positive(question(), 300)));
  CHECK(world.find(question())->message.answers[0].ttl == 100);
}

TEST_CASE("the cache never uses more octets than it has, and what was not used for longest goes first") {
  World world({}, kMegabyte);
  const auto numbered = [](int number) { return question(fmt::format("host-{}.example.com.", number)); };
  const auto full = [&](const dns::Message& query, int octets) {
    dns::Message answer = reply_to(query);
    for (; octets > 0; octets -= 250)
      answer.answers.push_back(record("www.example.com.", dns::type::A, 300, "192.0.2.1"));
    answer.answers.push_back({name("www.example.com."),
                              dns::type::TXT,
                              dns::klass::IN,
                              300,
                              {dns::type::TXT, Bytes(static_cast<std::size_t>(1), 0)}});
    return answer;
  };
  std::size_t most = 0;
  for (int i = 0; i < 10'000; ++i) {
    world.keep(numbered(i), full(numbered(i), 250 * (1 + i % 40)));
    most = std::max(most, world.cache.load().octets);
    CHECK(world.find(numbered(0)));  // used all the time
  }
  CHECK(most <= kMegabyte);
  CHECK(most > kMegabyte - 10'000);
  const Cache::Load load = world.cache.load();
  CHECK(load.evictions + load.entries == 10'000);
  CHECK(world.find(numbered(9'999)));
  CHECK_FALSE(world.find(numbered(1)));
  world.cache.flush();
  CHECK(world.cache.load().entries == 0);
  CHECK(world.cache.load().octets < 40'000);  // of buckets
}

TEST_CASE("options of the resolver's hop are not kept, an extended error is") {
  World world;
  dns::Message answer = positive(with_opt(question()));
  answer.edns->udp_size = 1400;
  answer.edns->options = {{dns::option::KEEPALIVE, {1, 2}},
                          dns::extended_error(dns::ede::OTHER, "said by the resolver"),
                          {dns::option::COOKIE, Bytes(16, 1)},
                          {dns::option::PADDING, Bytes(100)}};
  world.keep(with_opt(question()), answer);
  const auto found = world.find(with_opt(question()));
  REQUIRE(found.has_value());
  CHECK(found->message.edns->udp_size == 1400);
  REQUIRE(found->message.edns->options.size() == 1);
  CHECK(extended_error(found->message) == dns::ede::OTHER);
}

TEST_CASE("an answer whose OPT is not its last record is not kept as it came") {
  World world;
  dns::Message answer = positive(with_opt(question()));
  Bytes wire = dns::encode(answer);
  const Bytes behind = {0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 192, 0, 2, 9};  // an A record of the root
  wire.insert(wire.end(), behind.begin(), behind.end());
  ++wire[11];
  world.keep(with_opt(question()), wire);
  CHECK_FALSE(world.find(with_opt(question())));
}

TEST_CASE("an answer of thousands of records is counted down in all of them") {
  World world;
  dns::Message answer = positive(question(), 100);
  while (answer.answers.size() < 4000) answer.answers.push_back(answer.answers[0]);
  REQUIRE(dns::encode(answer).size() > 60'000);
  world.keep(question(), answer);
  world.now += 40s;
  const auto found = world.find(question());
  REQUIRE(found.has_value());
  CHECK(std::ranges::all_of(found->message.answers, [](const auto& one) { return one.ttl == 60; }));
}
