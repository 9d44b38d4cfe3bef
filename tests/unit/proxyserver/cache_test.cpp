// The cache by itself, on a clock of the test's own.
#include "proxyserver/caching/cache.h"

#include <fmt/format.h>
#include <functional>

#include "common/dns/codes.h"
#include "common/dns/message.h"
#include "tests/support/catch.h"

namespace {

using namespace std::chrono_literals;
using Clock = Cache::Clock;

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

dns::Name name(std::string_view text) {
  return dns::Name::parse(text).value();
}

dns::Message question(std::string_view of = "www.example.com.", std::uint16_t type = dns::type::A) {
  dns::Message message;
  message.header.id = 4711;
  message.header.rd = true;
  message.questions.push_back({name(of), type, dns::klass::IN});
  return message;
}

dns::Message with_opt(dns::Message message, std::vector<dns::EdnsOption> options = {}) {
  message.edns.emplace().options = std::move(options);
  return message;
}

dns::Record record(std::string_view owner, std::uint16_t type, std::uint32_t ttl, std::string_view data) {
  return {name(owner), type, dns::klass::IN, ttl, dns::parse_rdata(type, data).value()};
}

dns::Message reply_to(const dns::Message& query, std::uint8_t rcode = dns::rcode::NOERROR) {
  dns::Message reply = query;
  reply.header.qr = reply.header.ra = true;
  reply.header.rcode = rcode;
  if (reply.edns) reply.edns->options.clear();
  return reply;
}

dns::Message positive(const dns::Message& query, std::uint32_t ttl = 300) {
  dns::Message reply = reply_to(query);
  reply.answers.push_back(record("www.example.com.", query.questions[0].type, ttl, "192.0.2.1"));
  return reply;
}

dns::Record soa(std::uint32_t ttl, std::uint32_t minimum) {
  return record("example.com.", dns::type::SOA, ttl,
                fmt::format("ns.example.com. root.example.com. 1 2 3 4 {}", minimum));
}

class Client final : public Asker {
 public:
  void deliver(std::span<const Answer>, Clock::time_point) override {}
  std::string client_of(const Query&) const override { return "client"; }
  bool is_one_client() const override { return true; }
  std::size_t in_flight() const override { return 0; }
};

struct Found {
  dns::Message message;
  CacheUse use;
  bool wants_refresh;
};

struct World {
  explicit World(Limits with = {}, std::size_t octets = kMegabyte) : limits(with), cache(octets, limits) {
    cache.refresh_by(refresher);
  }

  QueryPtr query(const dns::Message& message) const {
    const Bytes wire = dns::encode(message);
    const auto view = dns::inspect(wire).value();
    auto made = std::make_shared<Query>(client, view, dns::OptSplice{});
    CacheKey key;
    if (key.make(view)) made->key = std::make_unique<CacheKey>(key);
    return made;
  }
  std::optional<Found> find(const dns::Message& message) {
    const Bytes wire = dns::encode(message);
    const auto view = dns::inspect(wire).value();
    CacheKey key;
    if (!key.make(view)) return std::nullopt;
    const auto hit = cache.find(key, view, now, buffer);
    if (!hit) return std::nullopt;
    CHECK(hit->message.bytes.data() == buffer.data());
    CHECK(dns::inspect(buffer)->opt.has_value() == hit->message.opt.has_value());
    if (hit->message.opt) CHECK(dns::inspect(buffer)->opt->end == hit->message.opt->end);
    return Found{dns::decode(buffer).value(), hit->use, hit->wants_refresh};
  }
  Cache::Joined join(const QueryPtr& one, bool started = false) {
    std::optional<Cache::Hit> hit;
    return cache.join(one, now, buffer, hit, started);
  }
  std::vector<QueryPtr> finish(const QueryPtr& leader, ByteView answer) {
    return cache.finish(leader, dns::inspect(answer).value(), now);
  }
  // Asked and answered.
  void keep(const dns::Message& message, const Bytes& answer) {
    const QueryPtr one = query(message);
    REQUIRE(join(one, true) == Cache::Joined::ask);
    CHECK(finish(one, answer).empty());
  }
  void keep(const dns::Message& message, const dns::Message& answer) { keep(message, dns::encode(answer)); }
  bool keeps(const dns::Message& answer) {
    dns::Message asked = answer;
    asked.header = question().header;
    asked.answers.clear();
    asked.authorities.clear();
    asked.additionals.clear();
    if (asked.edns) asked.edns->extended_rcode = 0;
    cache.flush();
    keep(asked, answer);
    return find(asked).has_value();
  }

  Published<Limits> limits;
  std::shared_ptr<Client> client = std::make_shared<Client>();
  std::shared_ptr<Client> refresher = std::make_shared<Client>();
  Cache cache;
  Clock::time_point now{1000h};
  Bytes buffer;
};

int extended_error(const dns::Message& reply) {
  const auto* const option = reply.edns ? reply.edns->find(dns::option::EXTENDED_ERROR) : nullptr;
  return option != nullptr ? option->value[0] << 8 | option->value[1] : -1;
}

Limits stale_for(std::chrono::seconds time) {
  Limits limits;
  limits.serve_stale = time;
  return limits;
}

}  // namespace

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
}
