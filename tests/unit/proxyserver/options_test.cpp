#include "proxyserver/options.h"

#include <vector>

#include "tests/support/catch.h"
#include "tests/support/parse_options.h"

TEST_CASE("with no option it serves DoT on loopback and asks two public resolvers over TLS") {
  const auto options = parse({});
  REQUIRE(options.has_value());
  REQUIRE(options->listen.size() == 1);
  CHECK(options->listen[0].to_string() == "tls://127.0.0.1:8443");
  REQUIRE(options->upstreams.size() == 2);
  CHECK(options->upstreams[0].uri.to_string() == "tls://1.1.1.1:853#cloudflare-dns.com");
  CHECK(options->upstreams[1].uri.to_string() == "tls://8.8.8.8:853#dns.google");
  CHECK(options->limits.max_connections == 4096);
}

TEST_CASE("options are taken as they are given") {
  const auto options = parse({"--listen", "tcp://[::1]:5300", "--listen=tls://127.0.0.1:0", "--upstream",
                              "tcp://192.0.2.1", "--query-timeout", "2.5s", "--idle-timeout=300ms",
                              "--max-connections", "7", "--log-level", "debug"});
  REQUIRE(options.has_value());
  CHECK(options->listen[0].to_string() == "tcp://[::1]:5300");
  CHECK(options->listen[1].to_string() == "tls://127.0.0.1:0");
  CHECK(options->upstreams[0].uri.to_string() == "tcp://192.0.2.1:53");
  CHECK(options->limits.query == std::chrono::milliseconds(2500));
  CHECK(options->limits.idle == std::chrono::milliseconds(300));
  CHECK(options->limits.max_connections == 7);
  CHECK(options->log_level == logging::Level::debug);
}

TEST_CASE("a listener behind a load balancer is one of its transport") {
  const auto options =
      parse({"--listen", "proxy+tls://[::1]", "--listen", "proxy+tcp://127.0.0.1:5300", "--listen",
             "tls://127.0.0.2", "--proxy-from", "192.0.2.0/24", "--proxy-from", "::1", "--cert", "c"});
  REQUIRE(options.has_value());
  CHECK(options->listen[0].to_string() == "proxy+tls://[::1]:853");
  CHECK(options->listen[1].to_string() == "proxy+tcp://127.0.0.1:5300");
  CHECK(options->takes_proxy_headers());
  for (const auto& [address, permitted] : {std::pair{"192.0.2.1", true}, {"::1", true}, {"127.0.0.1", false}})
    CHECK(options->proxy_from.permits(net::SocketAddress::parse(address, 1).value()) == permitted);
}

TEST_CASE("options that belong to one transport are taken where it is used") {
  const auto options = parse({"--listen", "tls://127.0.0.1:0", "--listen", "udp://127.0.0.1:0", "--cert", "c",
                              "--key", "k", "--udp-workers", "3", "--pad", "always", "--upstream-ca", "ca"});
  REQUIRE(options.has_value());
  CHECK(options->cert_file == "c");
  CHECK(options->key_file == "k");
  CHECK(options->limits.udp_workers == 3);
  CHECK(options->limits.pad_always);
  CHECK(options->upstream_ca == "ca");
  CHECK(parse({"--upstream", "tcp://192.0.2.1", "--pad", "edns"}).has_value());
}

TEST_CASE(
    "what another upstream is asked after is a list of SERVFAIL and REFUSED, and needs another upstream") {
  CHECK(parse({})->limits.retry_on.empty());
  CHECK(parse({"--retry-on", "refused"})->limits.retry_on == std::vector<std::uint16_t>{5});
  CHECK(parse({"--retry-on", "servfail,refused"})->limits.retry_on == std::vector<std::uint16_t>{2, 5});
  for (const char* wrong : {"", ",", "servfail,", "SERVFAIL", "nxdomain", "servfail refused"})
    CHECK_FALSE(parse({"--retry-on", wrong}).has_value());
  CHECK(parse({"--retry-on", "servfail", "--upstream", "tcp://192.0.2.1"}).error() ==
        "--retry-on, but there is one --upstream only: no other can be asked");
}

TEST_CASE("a cache is measured in megabytes, and what is said of it needs one") {
  CHECK(parse({})->cache == 0);
  const auto options =
      parse({"--cache", "64", "--min-ttl", "5", "--max-ttl", "3600", "--serve-stale", "86400"});
  REQUIRE(options.has_value());
  CHECK(options->cache == std::size_t{64} << 20);
  CHECK(options->limits.min_ttl.count() == 5);
  CHECK(options->limits.max_ttl.count() == 3600);
  CHECK(options->limits.serve_stale.count() == 86400);
  for (const char* wrong : {"", "0", "-1", "65537", "64M"})
    CHECK_FALSE(parse({"--cache", wrong}).has_value());
  CHECK_FALSE(parse({"--cache", "1", "--serve-stale", "604801"}).has_value());
  CHECK(parse({"--serve-stale", "60"}).error() == "--serve-stale, but no --cache: no answer is kept");
  CHECK(parse({"--cache", "1", "--min-ttl", "60", "--max-ttl", "30"}).error() ==
        "--min-ttl 60, but --max-ttl is 30");
}

TEST_CASE("a key log needs one leg over TLS, either will do, captures and traces do without") {
  CHECK(parse({"--listen", "tcp://127.0.0.1:0", "--keylog", "keys"})->instruments.key_log == "keys");
  CHECK(parse({"--upstream", "tcp://192.0.2.1", "--keylog", "keys"})->instruments.key_log == "keys");
  const auto clear = parse({"--listen", "tcp://127.0.0.1:0", "--upstream", "tcp://192.0.2.1", "--capture",
                            "packets", "--trace", "-"});
  REQUIRE(clear.has_value());
  CHECK(clear->instruments.capture == "packets");
  CHECK(clear->instruments.trace == "-");
  CHECK(clear->instruments.key_log.empty());
}

TEST_CASE("the log has a format, and the query log, where there is one, a privacy") {
  CHECK(parse({})->log_format == logging::Format::text);
  CHECK(parse({})->instruments.query_log.empty());
  const auto options =
      parse({"--log-format", "json", "--query-log", "queries", "--query-log-privacy", "hash"});
  REQUIRE(options.has_value());
  CHECK(options->log_format == logging::Format::json);
  CHECK(options->instruments.query_log == "queries");
  CHECK(options->instruments.query_log_privacy == ClientPrivacy::hash);
}

TEST_CASE("metrics are served at an address and a port, both given, over nothing else") {
  CHECK(parse({})->metrics == std::nullopt);
  CHECK_FALSE(parse({})->instruments.metrics);
  CHECK(parse({"--metrics", "127.0.0.1:9153"})->metrics->to_string() == "127.0.0.1:9153");
  CHECK(parse({"--metrics", "[::1]:0"})->metrics->to_string() == "[::1]:0");
  CHECK(parse({"--metrics", "127.0.0.1:9153"})->instruments.metrics);
  for (const char* wrong :
       {"", "9153", "127.0.0.1", "[::1]", "::1", "localhost:9153", "tls://127.0.0.1:9153",
        "tcp://127.0.0.1:9153", "http://127.0.0.1:9153", "127.0.0.1:9153#name", "127.0.0.1:65536"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse({"--metrics", wrong}).has_value());
  }
}

TEST_CASE("a user is taken as it is given, and looked up later") {
  CHECK(parse({"--user", "nobody:nogroup"})->user == "nobody:nogroup");
  CHECK(parse({})->user.empty());
}

TEST_CASE("an upstream's name is the one that its certificate has to carry, unless another is given") {
  const auto options =
      parse({"--upstream", "tls://dns.quad9.net", "--upstream", "tls://a.example:8853#b.example",
             "--bootstrap", "9.9.9.9", "--listen", "udp://localhost:5300"});
  REQUIRE(options.has_value());
  CHECK(options->upstreams[0].uri.to_string() == "tls://dns.quad9.net:853#dns.quad9.net");
  CHECK(options->upstreams[1].uri.to_string() == "tls://a.example:8853#b.example");
  CHECK(options->bootstrap->to_string() == "9.9.9.9:53");
  CHECK(options->listen[0].to_string() == "udp://localhost:5300");
  CHECK(options->has_names());
  CHECK_FALSE(parse({})->has_names());
  CHECK(parse({"--upstream", "tcp://resolver"})->upstreams[0].uri.to_string() == "tcp://resolver:53");
}

TEST_CASE("a pin is for the upstream named before it") {
  const std::string pin = "v+/c4XhSxq88CQtgS8zTmu73Hv9q7/zGMOdzWgD0q2k=";
  const auto options =
      parse({"--upstream", "tls://192.0.2.1", "--pin", "sha256/" + pin, "--upstream", "tls://192.0.2.2"});
  REQUIRE(options.has_value());
  CHECK(options->upstreams[0].pins == std::vector{pin});
  CHECK(options->upstreams[1].pins.empty());
}

TEST_CASE("a wrong command line is told what is wrong with it") {
  const auto [words, complaint] = GENERATE(table<std::vector<std::string>, std::string>({
      {{"--upstream", "tls://192.0.2.1", "--upstream", "tcp://192.0.2.2"}, "cannot be mixed"},
      {{"--upstream", "tls://192.0.2.1#"}, "no name after '#'"},
      {{"--upstream", "tls://192.0.2.1#m\xc3\xbcnchen.example"},
       "'m\xc3\xbcnchen.example' is not ASCII: write it as IDNA does, xn--"},
      {{"--upstream", "udp://192.0.2.1"}, "tls:// or tcp://"},
      {{"--upstream", "tcp://192.0.2.1:0"}, "cannot be 0"},
      {{"--upstream", "https://192.0.2.1"}, "'https' is not a transport"},
      {{"--upstream", "dns_.google:x"}, "'x' is not a port"},
      {{"--upstream", "tls://dns..google"}, "'dns..google' is not an IPv4 or IPv6 address"},
      {{"--upstream", "tls://m\xc3\xbcnchen.example"}, "is not ASCII: write it as IDNA does, xn--"},
      {{"--upstream", "tls://127.1"}, "'127.1' is not an IPv4 or IPv6 address"},
      {{"--upstream", "tls://dns.google", "--bootstrap", "dns.google"},
       "--bootstrap dns.google: 'dns.google' is not an IPv4 or IPv6 address"},
      {{"--upstream", "tls://dns.google", "--bootstrap", "tls://8.8.8.8"}, "it is asked in plain DNS"},
      {{"--bootstrap", "8.8.8.8"}, "--bootstrap, but no --upstream has a name"},
      {{"--listen", "tls://127.0.0.1:65536"}, "'65536' is not a port"},
      {{"--listen", "tls://127.0.0.1#name"}, "no #NAME"},
      {{"--listen", "tls://127.0.0.1", "--listen", "tls://127.0.0.1:853"}, "127.0.0.1:853: given twice"},
      {{"--upstream", "tcp://127.0.0.1", "--upstream", "tcp://127.0.0.1:53"}, "127.0.0.1:53: given twice"},
      {{"--query-timeout", "0"}, "between 1ms and a day"},
      {{"--query-timeout", "5x"}, "'5x' is not a time"},
      {{"--max-connections", "0"}, "not between 1 and"},
      {{"--allow", "192.0.2.0/33"}, "33 is not between 0 and 32"},
      {{"--allow", "192.0.2.1/24"}, "bits set behind its prefix"},
      {{"--pin", "sha256/v+/c4XhSxq88CQtgS8zTmu73Hv9q7/zGMOdzWgD0q2k="}, "after the --upstream"},
      {{"--upstream", "tls://192.0.2.1", "--pin", "v+/c4XhSxq88"}, "is not sha256/"},
      {{"--upstream", "tcp://192.0.2.1", "--pin", "sha256/v+/c4XhSxq88CQtgS8zTmu73Hv9q7/zGMOdzWgD0q2k="},
       "only tls://"},
      {{"--upstream", "tcp://192.0.2.1", "--upstream-ca", "ca.pem"}, "nothing is checked at tcp://"},
      {{"--listen", "tls://127.0.0.1:853", "--listen", "tcp://127.0.0.1:53", "--client-ca", "ca.pem"},
       "asks nobody for a certificate"},
      {{"--listen", "udp://127.0.0.1:53", "--client-ca", "ca.pem"}, "--client-ca, but no --listen tls://"},
      {{"--listen", "tcp://127.0.0.1:53", "--cert", "cert.pem"}, "--cert, but no --listen tls://"},
      {{"--listen", "udp://127.0.0.1:53", "--key", "key.pem"}, "--key, but no --listen tls://"},
      {{"--listen", "tcp://127.0.0.1:53", "--ticket-key-file", "tickets"},
       "--ticket-key-file, but no --listen tls://"},
      {{"--listen", "proxy+tls://127.0.0.1", "--proxy-from", "::1", "--announce", "dns.test"},
       "--announce, but no --listen tls://"},
      {{"--listen", "proxy+tls://127.0.0.1"},
       "--listen proxy+tls://127.0.0.1: whose PROXY headers are to be believed? Name the load balancer by"},
      {{"--proxy-from", "127.0.0.1"}, "--proxy-from, but no --listen proxy+tls://"},
      {{"--listen", "proxy+udp://127.0.0.1"}, "comes over connections alone: proxy+tls:// or proxy+tcp://"},
      {{"--listen", "proxy+tcp://127.0.0.1", "--proxy-from", "all"}, "'all' is not an IPv4 or IPv6 address"},
      {{"--upstream", "proxy+tls://192.0.2.1"}, "'proxy+tls' is not a transport"},
      {{"--udp-workers", "2"}, "--udp-workers, but no --listen udp://"},
      {{"--upstream", "tcp://192.0.2.1", "--pad", "always"}, "never padded"},
      {{"--upstream", "tcp://192.0.2.1", "--pin-only"}, "no keys to pin"},
      {{"--listen", "udp://127.0.0.1:53", "--upstream", "tcp://192.0.2.1", "--keylog", "keys"},
       "there are no secrets to log"},
      {{"-x"}, "unknown option '-x'"},
      {{"--pin-only"}, "would not be checked at all"},
      {{"--policy", "random"}, "is not ordered or fastest"},
      {{"--pad", "never"}, "'never' is not edns or always"},
      {{"--user", ""}, "'' is not NAME or NAME:GROUP"},
      {{"--user", ":nogroup"}, "':nogroup' is not NAME or NAME:GROUP"},
      {{"--user", "nobody:"}, "'nobody:' is not NAME or NAME:GROUP"},
      {{"--log-level", "loud"}, "'loud' is not debug"},
      {{"--log-format", "xml"}, "'xml' is not text or json"},
      {{"--query-log", "q", "--query-log-privacy", "some"}, "'some' is not full, hash or none"},
      {{"--query-log-privacy", "none"}, "but no --query-log"},
      {{"--cert"}, "--cert needs a value"},
      {{"--nonsense"}, "unknown option '--nonsense'"},
      {{"google.com"}, "'google.com' is not an option"},
  }));
  const auto options = parse(words);
  REQUIRE(!options.has_value());
  CAPTURE(options.error());
  CHECK(options.error().find(complaint) != std::string::npos);
}
