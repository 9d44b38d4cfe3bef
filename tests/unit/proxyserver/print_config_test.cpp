// --print-config: what is in force, with its origins, and nothing lost on the way through a file.
#include "proxyserver/configuration/print_config.h"

#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

#include "tests/support/catch.h"
#include "tests/support/parse_options.h"
#include "tests/support/temp_dir.h"

using Catch::Matchers::Contains;

namespace {

// Without comments, and blanks before them.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream all(text);
  for (std::string line; std::getline(all, line);) {
    if (line.starts_with('#')) continue;
    line.resize(line.find(" # "));
    line.resize(line.find_last_not_of(' ') + 1);
    lines.push_back(line);
  }
  return lines;
}

void check_same(const Options& a, const Options& b) {
  const auto text = [](const Options& options) {
    std::string all;
    for (const net::Uri& uri : options.listen) all += uri.to_string() + "\n";
    for (const UpstreamOptions& upstream : options.upstreams)
      for (const dns::Name& suffix : upstream.suffixes)
        all += fmt::format("{} {}\n", suffix.to_string(), upstream.clear);
    for (const UpstreamOptions& upstream : options.upstreams)
      all += fmt::format("{} {}\n", upstream.uri.to_string(), fmt::join(upstream.pins, ","));
    const Limits& limits = options.limits;
    all +=
        fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {} {}\n", limits.handshake.count(),
                    limits.message.count(), limits.idle.count(), limits.write.count(), limits.query.count(),
                    limits.hedge_after.count(), limits.max_connections, limits.max_per_client,
                    limits.max_qps_per_client, limits.max_handshakes_per_client, limits.max_in_flight,
                    limits.pool_size, limits.udp_workers, limits.pad_always, fmt::join(limits.retry_on, ","));
    all += fmt::format("{} {} {} {}\n", options.cache, limits.min_ttl.count(), limits.max_ttl.count(),
                       limits.serve_stale.count());
    all += fmt::format("{} {} {} {} {} {}\n", options.upstream_ca, options.client_ca, options.user,
                       options.pin_only, options.fastest, static_cast<int>(options.log_level));
    all += fmt::format("{} {} {} {}\n", options.instruments.key_log, options.instruments.capture,
                       options.instruments.trace, options.bootstrap ? options.bootstrap->to_string() : "");
    for (const char* address :
         {"127.0.0.1", "10.1.1.1", "192.168.1.1", "fe80::1", "fd00::1", "192.0.2.1", "8.8.8.8"})
      all += options.allow.permits(net::SocketAddress::parse(address, 1).value()) ? "yes " : "no ";
    return all;
  };
  CHECK(text(a) == text(b));
}

const std::string kPin = "sha256/v+/c4XhSxq88CQtgS8zTmu73Hv9q7/zGMOdzWgD0q2k=";

}  // namespace

TEST_CASE("what --print-config prints is a file that gives the same options, defaults included") {
  const auto words = GENERATE(values<std::vector<std::string>>({
      {},
      {"--listen", "udp://127.0.0.1:0", "--listen", "tls://[::1]:0", "--cert", "my cert.pem", "--key", "k#1",
       "--udp-workers", "3", "--user", "nobody:nogroup"},
      {"--upstream", "tls://192.0.2.1#a.example", "--upstream", "tls://b.example", "--pin", kPin, "--pin",
       kPin, "--bootstrap", "9.9.9.9", "--retry-on", "servfail,refused", "--policy", "fastest", "--pad",
       "always"},
      {"--upstream", "tls://192.0.2.1", "--pin", kPin, "--pin-only", "--allow", "192.0.2.0/24", "--allow",
       "::/0"},
      {"--idle-timeout", "1", "--idle-timeout", "2.5s", "--query-timeout", "300ms", "--log-level", "error",
       "--keylog", "keys", "--trace", "-", "--capture", "c.pcapng", "--max-in-flight", "7"},
      {"--listen", "tcp://127.0.0.1:5300", "--upstream", "tcp://192.0.2.1"},
      {"--upstream", "tls://192.0.2.1", "--upstream", "tcp://192.0.2.2", "--for", "Corp.example.", "--clear",
       "--for", "a\\.b.test", "--upstream", "tcp://192.0.2.3", "--for", "10.in-addr.arpa", "--clear"},
      {"--cache", "16", "--serve-stale", "3600"},
      {"--cache", "16", "--min-ttl", "9", "--max-ttl", "600"},
  }));
  const auto options = parse(words);
  REQUIRE(options.has_value());
  const auto text = config_text(*options);
  REQUIRE(text.has_value());
  const TempDir folder;
  const std::string file = folder.file("proxy.conf");
  std::ofstream(file, std::ios::binary) << *text;
  const auto again = parse({"--config", file});
  CAPTURE(*text);
  if (!again) FAIL(again.error());
  check_same(*options, *again);
  CHECK(lines_of(config_text(*again).value()) == lines_of(*text));
}

TEST_CASE("the option --print-config says of each value where it comes from, and leaves out no option") {
  const TempDir folder;
  const std::string file = folder.file("proxy.conf");
  std::ofstream(file) << "listen udp://127.0.0.1:0\n\nidle-timeout 7\nlog-level debug\n"
                         "upstream tls://192.0.2.1\npin " +
                             kPin + "\nupstream tcp://192.0.2.2\nfor corp.example\nclear\n";
  setenv("SSLKEYLOGFILE", "/secrets", 1);
  const auto options = parse({"--config", file, "--log-level", "error"});
  unsetenv("SSLKEYLOGFILE");
  REQUIRE(options.has_value());
  const std::string text = config_text(*options).value();
  const auto has_line = [&](const std::string& setting, const std::string& origin) {
    CHECK_THAT(text, Contains(fmt::format("{:<47} # {}\n", setting, origin)));
  };
  has_line("listen udp://127.0.0.1:0", file + ":1");
  has_line("idle-timeout 7", file + ":3");
  has_line("log-level error", "command line");
  has_line("pin " + kPin, file + ":6");
  has_line("for corp.example", file + ":8");
  has_line("clear", file + ":9");
  CHECK_THAT(
      text,
      Contains("\n# WARNING: names at and below corp.example. leave in clear, to tcp://192.0.2.2:53\n"));
  has_line("keylog /secrets", "environment SSLKEYLOGFILE");
  has_line("query-timeout 5s", "default");
  has_line("allow 127.0.0.0/8", "default");
  CHECK_THAT(text, Contains("# user: not set, it stays who started it\n"));
  CHECK(text.find("log-level debug") == std::string::npos);
  for (const option& one : known_options())
    if (one.name != nullptr && !is_for_command_line_only(one.name)) {
      CAPTURE(one.name);
      CHECK(text.find(fmt::format("\n{} ", one.name)) != text.find(fmt::format("\n# {}: ", one.name)));
    }
}

TEST_CASE("a value that no file can hold is refused by --print-config") {
  for (const char* value : {"a\nb", " a", "a ", "a #b", "#a", "= a"}) {
    const auto text = config_text(parse({"--capture", value}).value());
    REQUIRE_FALSE(text.has_value());
    CHECK_THAT(text.error(), Contains("a file cannot hold this value"));
  }
}
