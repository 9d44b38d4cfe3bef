// --bench in words, from figures that are fixed.
#include "client/show/bench.h"

#include "tests/support/catch.h"
#include "tests/unit/client/approved.h"
#include "tests/unit/client/arguments.h"

using client::BenchResult;
using client::BenchRow;
using Way = BenchRow::Way;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kLine = "@192.0.2.53 google.com --bench 20";

// 20 answers, the first after `first`, each of the others a millisecond later.
BenchRow row(Way way, client::Duration first, unsigned round_trips) {
  BenchRow result{.way = way, .asked = 20};
  for (int i = 0; i < 20; ++i) result.times.push_back(first + i * 1ms);
  result.whole = 20 * first;
  result.tally.octets_sent = 20 * 150;
  result.tally.octets_received = 20 * 490;
  result.tally.round_trips = round_trips;
  return result;
}

client::Failure refused() {
  return {.cause = net::NetError(net::NetError::Kind::refused, "connect to 192.0.2.53:53"),
          .server = "192.0.2.53:53"};
}

BenchResult measured() {
  BenchResult result;
  result.connection.address = net::SocketAddress::parse("192.0.2.53", 853).value();
  result.connection.tls.emplace();
  result.connection.tls->version = "TLSv1.3";
  result.connection.tls->cipher = "TLS_AES_128_GCM_SHA256";
  result.rows = {row(Way::full_handshake, 30ms, 60), row(Way::resumed, 25ms, 60),
                 row(Way::kept_open, 10ms, 20), row(Way::pipelined, 11ms, 1), row(Way::tcp, 20ms, 40)};
  result.rows[1].not_resumed = 2;
  result.rows.push_back({.way = Way::udp, .asked = 3, .failure = refused()});
  return result;
}

std::string shown(const BenchResult& result) {
  return client::bench_to_text(result, parse_line(kLine).value());
}

}  // namespace

TEST_CASE("a bench is a table with a bar for each way, and says what failed", "[bench]") {
  const std::string text = shown(measured());
  check_approved("bench", text);
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    CHECK(text.find('\n', at) - at <= 110);
}

TEST_CASE("a bench has failed where a way over TLS has no answer, and not where TCP or UDP have none",
          "[bench]") {
  BenchResult result = measured();
  CHECK(client::failure_of(result) == nullptr);
  result.rows[2].times.clear();
  result.rows[2].failure = refused();
  REQUIRE(client::failure_of(result) != nullptr);
  CHECK(client::exit_code(*client::failure_of(result)) == cli::unreachable);
  result.failure = {.cause = client::ClosedEarly{}};
  CHECK(client::exit_code(*client::failure_of(result)) == cli::bad_framing);
}

TEST_CASE("a bench tells how far it is", "[bench]") {
  CHECK(client::progress_to_text({.way = Way::kept_open, .asked = 10}, 20) ==
        "kept open      [###########           ] 10 of 20");
  CHECK(client::progress_to_text({.way = Way::udp, .asked = 20}, 20) ==
        "UDP, in clear  [######################] 20 of 20");
}

TEST_CASE("a bench begins over TLS", "[bench]") {
  CHECK(parse_line("google.com --bench 20")->bench_runs == 20);
  CHECK(parse_line("@tcp://192.0.2.53 google.com --bench 20").error() ==
        "--bench asks over TLS first: name a tls:// server");
  CHECK_FALSE(parse_line("--bench 20"));
}
