// Resolvers given by name, on a clock of the test's own: what the lists of upstreams are as addresses change.
#include "proxyserver/upstreams/names.h"

#include <algorithm>
#include <future>

#include "common/log.h"
#include "tests/support/catch.h"

namespace {

using Clock = Upstream::Clock;
using std::chrono::seconds;
using Texts = std::vector<std::string>;

// Of what the fake system says of one name, and of the upstreams made of that.
struct Setting {
  Setting() {
    logging::set_level(logging::Level::error);
    upstreams.add(std::make_unique<Upstream>(*net::parse_endpoint("tcp://192.0.2.251"), nullptr, 1));
    const net::Uri uri = *net::parse_uri("tcp://dns.test");
    const auto make = [this](const net::Endpoint& one) {
      return std::make_unique<Upstream>(one, counted, 1);
    };
    names.add(uri, std::make_unique<Upstream>(uri, nullptr), make, upstreams);
    upstreams.add(std::make_unique<Upstream>(*net::parse_endpoint("tcp://192.0.2.252"), nullptr, 1));
  }

  void pass(seconds time) {
    for (const auto end = now + time; now < end; now += seconds(1)) names.turn(now);
  }

  // Those that are asked one after the other while each fails.
  std::vector<Upstream*> order() const {
    std::vector<Upstream*> found;
    for (std::size_t i = 0; i < upstreams.size(); ++i) {
      found.push_back(&upstreams.choose(nullptr, now));
      found.back()->failed("test", now);
    }
    for (Upstream* one : found) one->succeeded(seconds(1), now);
    return found;
  }
  Texts hosts() const {
    Texts texts;
    for (const Upstream* one : order()) texts.push_back(one->name());
    return texts;
  }
  std::size_t made() const { return static_cast<std::size_t>(counted.use_count()) - 1; }

  struct System {
    net::Addresses answer = std::unexpected("not yet");
    std::size_t asked = 0;
    void say(const Texts& addresses) {
      answer.emplace();
      for (const std::string& one : addresses) answer->push_back(*net::SocketAddress::parse(one, 53));
    }
  };
  const std::shared_ptr<System> system = std::make_shared<System>();
  // No context at all, but each upstream holds it.
  const Upstream::Tls counted{std::make_shared<int>(), nullptr};
  Upstreams upstreams{false};
  Clock::time_point now{std::chrono::hours(1)};
  Names names{[system = system](const std::string&, std::uint16_t) {
                ++system->asked;
                return system->answer;
              },
              [](const net::Endpoint& one) { return one.address.host() == "127.0.0.1"; }, seconds(5)};
};

Texts with_neighbours(Texts texts) {
  for (std::string& text : texts) text = "tcp://" + text + ":53";
  texts.insert(texts.begin(), "tcp://192.0.2.251:53");
  texts.push_back("tcp://192.0.2.252:53");
  return texts;
}

}  // namespace

TEST_CASE("the addresses of a name are upstreams in its place, until there is one, it fails there") {
  Setting it;
  CHECK(it.hosts() == with_neighbours({"dns.test"}));
  it.pass(seconds(1));
  CHECK(it.hosts() == with_neighbours({"dns.test"}));
  it.system->say({"192.0.2.1", "2001:db8::1"});
  it.pass(seconds(3));
  CHECK(it.hosts() == Texts{"tcp://192.0.2.251:53", "tcp://192.0.2.1:53", "tcp://[2001:db8::1]:53",
                            "tcp://192.0.2.252:53"});
}

TEST_CASE(
    "a name is looked up each minute, and every two seconds while it is not known or all it has fails") {
  Setting it;
  it.pass(seconds(10));
  CHECK(it.system->asked == 5);
  it.system->say({"192.0.2.1", "192.0.2.2"});
  it.pass(seconds(2));
  const std::size_t known = it.system->asked;
  it.pass(seconds(58));
  CHECK(it.system->asked == known);
  it.pass(seconds(2));
  CHECK(it.system->asked == known + 1);

  const std::vector<Upstream*> order = it.order();
  order[1]->failed("test", it.now);
  it.pass(seconds(10));
  CHECK(it.system->asked == known + 1);  // the other works
  order[2]->failed("test", it.now);
  it.pass(seconds(10));
  CHECK(it.system->asked == known + 6);
  order[2]->succeeded(seconds(1), it.now);
  it.pass(seconds(10));
  CHECK(it.system->asked == known + 6);
}

TEST_CASE(
    "addresses come and go, one that comes back is the same upstream, a failed lookup changes nothing") {
  Setting it;
  it.system->say({"192.0.2.1", "192.0.2.2"});
  it.pass(seconds(1));
  Upstream* const first = it.order()[1];
  it.system->say({"192.0.2.3", "192.0.2.2"});
  it.pass(seconds(60));
  CHECK(it.hosts() == with_neighbours({"192.0.2.2", "192.0.2.3"}));
  it.system->say({"192.0.2.1"});
  it.pass(seconds(60));
  CHECK(it.hosts() == with_neighbours({"192.0.2.1"}));
  CHECK(it.order()[1] == first);
  CHECK(it.made() == 3);
  it.system->answer = std::unexpected("a bad day");
  it.pass(seconds(180));
  CHECK(it.hosts() == with_neighbours({"192.0.2.1"}));
  CHECK(it.order()[1] == first);
  CHECK(it.made() == 1);
}

TEST_CASE("an upstream that is gone is kept for longer than a query lasts") {
  Setting it;
  it.system->say({"192.0.2.1"});
  it.pass(seconds(1));
  it.system->say({"192.0.2.2"});
  it.pass(seconds(60));
  CHECK(it.made() == 2);
  it.pass(seconds(60));
  CHECK(it.made() == 2);
  it.pass(seconds(10));
  CHECK(it.made() == 1);
}

TEST_CASE(
    "a name that has other addresses each time does not make the proxy grow, nor leave it without one") {
  Setting it;
  std::size_t most = 0;
  for (int i = 0; i < 500; ++i) {
    it.system->say({fmt::format("10.0.{}.{}", i / 250, i % 250)});
    if (i < 200)  // each is dead, too
      for (std::size_t k = 1; k + 1 < it.upstreams.size(); ++k) it.order()[k]->failed("test", it.now);
    it.pass(seconds(i < 200 ? 2 : 60));
    most = std::max(most, it.made());
    CHECK(it.hosts().size() == 3);
  }
  CHECK(it.hosts() == with_neighbours({"10.0.1.249"}));
  CHECK(most <= 64);
  Texts many;
  for (int i = 0; i < 200; ++i) many.push_back(fmt::format("10.1.0.{}", i));
  it.system->say(many);
  it.pass(seconds(300));
  CHECK(it.made() == 64);
  it.system->say({"10.2.0.1"});  // there is no room for it: what there was stays until there is
  it.pass(seconds(60));
  CHECK(it.upstreams.size() == 66);
}

TEST_CASE("an address at which the proxy itself listens is left out") {
  Setting it;
  it.system->say({"127.0.0.1"});
  it.pass(seconds(1));
  CHECK(it.hosts() == with_neighbours({"dns.test"}));
  it.system->say({"127.0.0.1", "192.0.2.1"});
  it.pass(seconds(2));
  CHECK(it.hosts() == with_neighbours({"192.0.2.1"}));
}

TEST_CASE("a lookup that takes long holds up no other") {
  logging::set_level(logging::Level::error);
  std::promise<void> release;
  Upstreams upstreams(false);
  Names names(
      [ready = release.get_future().share()](const std::string& name, std::uint16_t port) -> net::Addresses {
        if (name == "slow.test") ready.wait();
        return std::vector{*net::SocketAddress::parse(name == "slow.test" ? "192.0.2.1" : "192.0.2.2", port)};
      },
      [](const net::Endpoint&) { return false; }, seconds(5));
  for (const char* const one : {"tcp://slow.test", "tcp://good.test"}) {
    const net::Uri uri = *net::parse_uri(one);
    names.add(
        uri, std::make_unique<Upstream>(uri, nullptr),
        [](const net::Endpoint& endpoint) { return std::make_unique<Upstream>(endpoint, nullptr, 1); },
        upstreams);
  }
  const auto asked_after_a_failure = [&](Clock::time_point now) {
    upstreams.choose(nullptr, now).failed("test", now);
    return upstreams.choose(nullptr, now).name();
  };
  Clock::time_point now{std::chrono::hours(1)};
  names.turn(now);
  CHECK(asked_after_a_failure(now) == "tcp://192.0.2.2:53");
  release.set_value();
  names.turn(now += seconds(1));
  CHECK(upstreams.choose(nullptr, now).name() == "tcp://192.0.2.1:53");
}
