// What a reload replaces, what it leaves, and that it does all or nothing. The files are the integration
// tests'.
#include "proxyserver/listening/reload.h"

#include "tests/support/catch.h"

namespace {

Options parse(std::vector<std::string> words) {
  words.insert(words.begin(), "proxyserver");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return parse_options(static_cast<int>(words.size()), argv.data()).value();
}

const net::SocketAddress& stranger() {
  static const net::SocketAddress address = net::SocketAddress::parse("192.0.2.1", 53).value();
  return address;
}

// A proxy's values, with options that the test changes.
struct Running {
  using Words = std::vector<std::string>;
  static inline const Words kBase = {
      "--listen", "tcp://127.0.0.1:0", "--upstream", "tls://192.0.2.9#dns.test", "--log-level", "error"};

  explicit Running(Words words = {}) : options(with(words)) {
    for (const UpstreamOptions& upstream : options.upstreams)
      values.trusts.push_back(std::make_shared<Trust>(load_trust(upstream, options, instruments)));
  }
  static Options with(Words words) {
    words.insert(words.begin(), kBase.begin(), kBase.end());
    return parse(words);
  }
  bool change(const Words& words) {
    next = with(words);
    return reload.by_signal();
  }
  Trust::Context trust() const { return values.trusts.front()->current(); }

  Options options;
  std::expected<Options, std::string> next = options;
  const Instruments instruments{InstrumentFiles{}};
  Replaceable values{Published(options.allow), Published(options.limits), nullptr, {}};
  Reload reload{options, [this] { return next; }, values, instruments};
};

const std::string kPin = "sha256/v+/c4XhSxq88CQtgS8zTmu73Hv9q7/zGMOdzWgD0q2k=";

}  // namespace

TEST_CASE("a reload replaces who may ask, times and limits") {
  Running proxy;
  const Limits& before = proxy.values.limits.current();
  CHECK_FALSE(proxy.values.allow.current().permits(stranger()));
  REQUIRE(proxy.change({"--allow", "192.0.2.0/24", "--query-timeout", "7s", "--max-in-flight", "9"}));
  CHECK(proxy.values.allow.current().permits(stranger()));
  CHECK(proxy.values.limits.current().query == std::chrono::seconds(7));
  CHECK(proxy.values.limits.current().max_in_flight == 9);
  CHECK(before.query == std::chrono::seconds(5));  // whoever has these keeps them

  REQUIRE(proxy.change({}));  // what is named no more has its default again
  CHECK_FALSE(proxy.values.allow.current().permits(stranger()));
  CHECK(&proxy.values.limits.current() == &before);
}

TEST_CASE("a reload replaces whose PROXY headers are believed") {
  const Running::Words listener = {"--listen", "proxy+tcp://127.0.0.1:0", "--proxy-from"};
  const auto with = [&](const char* network) {
    Running::Words words = listener;
    words.emplace_back(network);
    return words;
  };
  Running proxy(with("127.0.0.1"));
  REQUIRE(proxy.change(with("192.0.2.0/24")));
  CHECK(proxy.values.proxy_from.current().permits(stranger()));
  REQUIRE(proxy.change(with("127.0.0.1")));
  CHECK_FALSE(proxy.values.proxy_from.current().permits(stranger()));
}

TEST_CASE("a reload leaves what is built into what there is") {
  Running proxy;
  REQUIRE(proxy.change({"--pool-size", "7", "--max-connections", "9", "--listen", "udp://127.0.0.1:0",
                        "--udp-workers", "3", "--hedge-after", "1s", "--cache", "2", "--min-ttl", "5"}));
  const Limits& limits = proxy.values.limits.current();
  CHECK(limits.pool_size == Limits().pool_size);
  CHECK(limits.max_connections == Limits().max_connections);
  CHECK(limits.udp_workers == Limits().udp_workers);
  CHECK(limits.hedge_after == std::chrono::seconds(1));
  CHECK(proxy.reload.options().cache == 0);
  CHECK(limits.min_ttl == std::chrono::seconds(5));
}

TEST_CASE(
    "a reload gives an upstream other pins, and leaves its trust and its tickets where nothing differs") {
  Running proxy;
  const Trust::Context before = proxy.trust();
  REQUIRE(proxy.change({"--hedge-after", "1s"}));
  CHECK(proxy.trust() == before);
  REQUIRE(proxy.change({"--pin", kPin}));
  CHECK(proxy.trust() != before);
  CHECK(proxy.trust()->options().pins == std::vector{kPin.substr(7)});
  REQUIRE(proxy.change({"--pin", kPin, "--pin-only"}));
  CHECK(proxy.trust()->options().pin_only);
  // Another upstream needs a restart; the first keeps its name, and may have another pin.
  REQUIRE(proxy.change({"--upstream", "tls://192.0.2.10#dns.test", "--pin", kPin}));
  CHECK(proxy.values.trusts.size() == 1);
  CHECK(proxy.trust()->options().pins.empty());
}

TEST_CASE("a reload that fails in one thing changes nothing else") {
  Running proxy;
  const Trust::Context trust = proxy.trust();
  CHECK_FALSE(proxy.change({"--allow", "192.0.2.0/24", "--upstream-ca", "/nowhere/ca.pem"}));
  CHECK_FALSE(proxy.values.allow.current().permits(stranger()));
  CHECK(proxy.trust() == trust);
  proxy.next = std::unexpected("line 3: no such option");
  CHECK_FALSE(proxy.reload.by_signal());
  CHECK(proxy.change({"--allow", "192.0.2.0/24"}));
  CHECK(proxy.values.allow.current().permits(stranger()));
}
