// What is counted, and how it is written down for Prometheus.
#include "proxyserver/watching/metrics.h"

#include <fmt/format.h>
#include <map>
#include <thread>
#include <vector>

#include "common/dns/codes.h"
#include "common/net/net_error.h"
#include "tests/support/catch.h"

using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

std::string text_of(const Metrics& metrics) {
  Exposition to;
  metrics.write(to);
  return to.take();
}

std::string text_of(const UpstreamMetrics& metrics, UpstreamMetrics::Family family) {
  Exposition to;
  UpstreamMetrics::begin(to, family);
  metrics.write(to, family, "tls://192.0.2.1:853#a");
  return to.take();
}

}  // namespace

TEST_CASE("counters of many threads add up to what all of them have counted") {
  constexpr std::size_t kThreads = 8, kEach = 20'000;
  Counters counters(11);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      for (std::size_t n = 0; n < kEach; ++n) {
        counters.add(0);
        counters.add(10, 3);
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(counters.total(0) == kThreads * kEach);
  CHECK(counters.total(10) == 3 * kThreads * kEach);
  for (std::size_t between = 1; between < 10; ++between) CHECK(counters.total(between) == 0);
}

TEST_CASE("a time belongs to the first class whose bound is not below it") {
  CHECK(histogram::class_of(0us) == 0);
  CHECK(histogram::class_of(50us) == 0);
  CHECK(histogram::class_of(50us + 1ns) == 1);
  CHECK(histogram::class_of(100us) == 1);
  CHECK(histogram::class_of(1ms) == 4);
  CHECK(histogram::class_of(5s) == histogram::kBounds.size() - 1);
  CHECK(histogram::class_of(5s + 1ns) == histogram::kBounds.size());
  CHECK(histogram::class_of(1h) == histogram::kBounds.size());
}

TEST_CASE("a histogram is written with classes that include the smaller ones, sum and count") {
  Counters counters(histogram::kSize);
  for (const auto time : {10us, 60us, 60us, 700us, 10'000'000us}) histogram::observe(counters.here(), time);
  histogram::observe(counters.here(), -5us);  // a clock that was read a little earlier elsewhere
  Exposition to;
  to.histogram("test_seconds", "What it is.");
  to.samples({{"leg", "tls"}}, counters, 0);
  CHECK(to.take() ==
        "# HELP test_seconds What it is.\n"
        "# TYPE test_seconds histogram\n"
        "test_seconds_bucket{leg=\"tls\",le=\"5e-05\"} 2\n"
        "test_seconds_bucket{leg=\"tls\",le=\"0.0001\"} 4\n"
        "test_seconds_bucket{leg=\"tls\",le=\"0.00025\"} 4\n"
        "test_seconds_bucket{leg=\"tls\",le=\"0.0005\"} 4\n"
        "test_seconds_bucket{leg=\"tls\",le=\"0.001\"} 5\n"
        "test_seconds_bucket{leg=\"tls\",le=\"0.0025\"} 5\n"
        "test_seconds_bucket{leg=\"tls\",le=\"0.005\"} 5\n"
        "test_seconds_bucket{leg=\"tls\",le=\"0.01\"} 5\n"
        "test_seconds_bucket{leg=\"tls\",le=\"0.025\"} 5\n"
        "test_seconds_bucket{leg=\"tls\",le=\"0.05\"} 5\n"
        "test_seconds_bucket{leg=\"tls\",le=\"0.1\"} 5\n"
        "test_seconds_bucket{leg=\"tls\",le=\"0.25\"} 5\n"
        "test_seconds_bucket{leg=\"tls\",le=\"0.5\"} 5\n"
        "test_seconds_bucket{leg=\"tls\",le=\"1\"} 5\n"
        "test_seconds_bucket{leg=\"tls\",le=\"2.5\"} 5\n"
        "test_seconds_bucket{leg=\"tls\",le=\"5\"} 5\n"
        "test_seconds_bucket{leg=\"tls\",le=\"+Inf\"} 6\n"
        "test_seconds_sum{leg=\"tls\"} 10.00083\n"
        "test_seconds_count{leg=\"tls\"} 6\n");
}

TEST_CASE("a label's value cannot break out of its quotes or its line") {
  Exposition to;
  to.gauge("test", "It.");
  to.sample({{"a",
              "quote\" back\\slash\nline\x01\xff"
              "end"},
             {"b", ""}},
            std::uint64_t{7});
  CHECK_THAT(to.take(), Contains(R"(test{a="quote\" back\\slash\nline\\x01\\xffend",b=""} 7)"
                                 "\n"));
}

TEST_CASE("answers are counted by transport, type, rcode and whose they are, and rare ones together") {
  Metrics metrics;
  metrics.query(net::Transport::udp);
  metrics.answered(net::Transport::udp, dns::type::HTTPS, dns::rcode::NXDOMAIN, Metrics::Origin::upstream,
                   3ms);
  metrics.answered(net::Transport::udp, dns::type::HTTPS, dns::rcode::NXDOMAIN, Metrics::Origin::upstream,
                   3ms);
  metrics.answered(net::Transport::tls, 54321, dns::rcode::BADVERS, Metrics::Origin::proxy, 3ms);
  metrics.answered(net::Transport::tls, 0, 0xfff, Metrics::Origin::proxy, 3ms);
  const std::string text = text_of(metrics);
  CHECK_THAT(text, Contains("dot_proxy_queries_total{transport=\"udp\"} 1\n"));
  CHECK_THAT(text, Contains("dot_proxy_answers_total{transport=\"udp\",type=\"HTTPS\",rcode=\"NXDOMAIN\","
                            "origin=\"upstream\"} 2\n"));
  CHECK_THAT(text, Contains("{transport=\"tls\",type=\"other\",rcode=\"BADVERS\",origin=\"proxy\"} 1\n"));
  CHECK_THAT(text, Contains("{transport=\"tls\",type=\"other\",rcode=\"other\",origin=\"proxy\"} 1\n"));
  CHECK_THAT(text, Contains("dot_proxy_query_duration_seconds_count{transport=\"udp\"} 2\n"));
  CHECK_THAT(text, Contains("dot_proxy_query_duration_seconds_count{transport=\"tcp\"} 0\n"));
}

TEST_CASE("what happens seldom is counted in its own sample, and in no other") {
  using Rule = Metrics::Rule;
  using Again = Metrics::Again;
  using Failure = Metrics::Failure;
  using net::Transport;
  Metrics metrics;
  std::map<std::string, std::uint64_t> expected;  // each another number
  std::uint64_t times = 0;
  const auto make = [&](const std::string& sample, const auto& event) {
    expected["dot_proxy_" + sample] = ++times;
    for (std::uint64_t i = 0; i < times; ++i) event();
  };
  for (const auto& [name, transport] :
       {std::pair{"tls", Transport::tls}, {"tcp", Transport::tcp}, {"udp", Transport::udp}})
    for (const auto& [rule_name, rule] : {std::pair{"allow", Rule::allow},
                                          {"max_connections_per_client", Rule::per_client},
                                          {"no_thread", Rule::no_thread},
                                          {"max_qps_per_client", Rule::qps},
                                          {"max_handshakes_per_client", Rule::handshakes},
                                          {"proxy_from", Rule::proxy_from},
                                          {"proxy_header", Rule::proxy_header}})
      make(fmt::format(R"(client_refused_total{{transport="{}",rule="{}"}})", name, rule_name),
           [&] { metrics.client_refused(transport, rule); });
  for (const auto& [name, cause] : {std::pair{"connection_failed", Again::connection_failed},
                                    {"connection_lost", Again::connection_lost},
                                    {"stuck", Again::stuck},
                                    {"silent", Again::silent},
                                    {"refused", Again::refused},
                                    {"trial", Again::trial}})
    make(fmt::format(R"(queries_sent_again_total{{cause="{}"}})", name), [&] { metrics.sent_again(cause); });
  for (const auto& [name, cause] : {std::pair{"timeout", Failure::timeout},
                                    {"unreachable", Failure::unreachable},
                                    {"connection", Failure::connection},
                                    {"unusable_answer", Failure::unusable_answer},
                                    {"no_connection", Failure::no_connection}})
    make(fmt::format(R"(queries_failed_total{{cause="{}"}})", name), [&] { metrics.failed(cause); });
  make("queries_failed_over_total", [&] { metrics.failed_over(); });
  make(R"(upstream_connections_raced_total{rival="same_upstream"})", [&] { metrics.raced(false); });
  make(R"(upstream_connections_raced_total{rival="another_upstream"})", [&] { metrics.raced(true); });
  make("clients_quarantined_total", [&] { metrics.quarantined(); });
  make("accept_pauses_total", [&] { metrics.accepting_paused(); });

  const std::string text = text_of(metrics);
  for (const auto& [sample, count] : expected)
    CHECK_THAT(text, Contains(fmt::format("\n{} {}\n", sample, count)));
}

TEST_CASE("client connections that have ended, however they did, are no more") {
  Metrics metrics;
  for (int i = 0; i < 5; ++i) metrics.client_accepted(net::Transport::tls);
  metrics.client_closed(net::Transport::tls, "");
  metrics.client_closed(net::Transport::tls, "--idle-timeout");
  metrics.client_closed(net::Transport::tls, "a reason of tomorrow's");
  metrics.client_lost(net::Transport::tls);
  const std::string text = text_of(metrics);
  CHECK_THAT(text, Contains("dot_proxy_client_connections{transport=\"tls\"} 1\n"));
  for (const char* reason : {"client", "idle_timeout", "other", "broken"})
    CHECK_THAT(text, Contains("ended_total{transport=\"tls\",reason=\"" + std::string(reason) + "\"} 1\n"));
}

TEST_CASE("handshakes are counted by kind, version and group, unknown groups are one") {
  tls::ConnectionFacts facts;
  facts.version = "TLSv1.3";
  facts.group = "x25519";
  Metrics metrics;
  metrics.client_handshake(facts);
  facts.resumed = true;
  facts.group = "a group of tomorrow's";
  metrics.client_handshake(facts);
  facts.version = "TLSv1.2";
  facts.group.clear();
  metrics.client_handshake(facts);
  metrics.client_handshake_failed(
      net::NetError(net::NetError::Kind::timeout, "TLS handshake with 192.0.2.1"));
  const std::string text = text_of(metrics);
  CHECK_THAT(text, Contains("dot_proxy_client_tls_handshakes_total{kind=\"full\"} 1\n"));
  CHECK_THAT(text, Contains("dot_proxy_client_tls_handshakes_total{kind=\"resumed\"} 2\n"));
  CHECK_THAT(text, Contains("tls_connections_total{version=\"TLSv1.3\",group=\"x25519\"} 1\n"));
  CHECK_THAT(text, Contains("tls_connections_total{version=\"TLSv1.3\",group=\"other\"} 1\n"));
  CHECK_THAT(text, Contains("tls_connections_total{version=\"TLSv1.2\",group=\"none\"} 1\n"));
  CHECK_THAT(text, Contains("handshake_failures_total{reason=\"timeout\"} 1\n"));
  CHECK_THAT(text, Contains("handshake_failures_total{reason=\"alert\"} 0\n"));
}

TEST_CASE("an upstream's metrics carry its name, and tell its certificate's end") {
  using enum UpstreamMetrics::Family;
  UpstreamMetrics metrics;
  CHECK(metrics.certificate_end() == 0);
  tls::ConnectionFacts facts;
  facts.version = "TLSv1.3";
  facts.group = "x25519";
  facts.peer.emplace();
  facts.peer->not_after = std::chrono::sys_seconds(1234567890s);
  metrics.begun();
  metrics.connected(1ms);
  metrics.secured(facts, 2ms);
  metrics.answered(20ms);
  metrics.failed(net::NetError(net::NetError::Kind::refused, "connect"));
  CHECK(metrics.certificate_end() == 1234567890);
  const std::string label = "{upstream=\"tls://192.0.2.1:853#a\"";
  CHECK_THAT(text_of(metrics, connections), Contains(label + "} 1\n"));
  CHECK_THAT(text_of(metrics, failures), Contains(label + ",reason=\"refused\"} 1\n"));
  CHECK_THAT(text_of(metrics, handshakes), Contains(label + ",kind=\"full\"} 1\n"));
  CHECK_THAT(text_of(metrics, connect), Contains("_sum" + label + "} 0.001\n"));
  CHECK_THAT(text_of(metrics, handshake), Contains("_sum" + label + "} 0.002\n"));
  CHECK_THAT(text_of(metrics, answer), Contains("_sum" + label + "} 0.02\n"));
}
