// Prometheus' own promtool on what proxyserver --metrics shows under traffic, and on the files that are there
// for its operators.
#include <csignal>
#include <fmt/format.h>

#include "common/dns/codes.h"
#include "tests/interop/peer.h"
#include "tests/support/askers.h"
#include "tests/support/scrape.h"

using Catch::Matchers::Contains;

TEST_CASE("promtool check metrics finds nothing in a scrape under traffic") {
  const auto promtool = find_peer("promtool");
  if (!promtool) return;
  const LabResolver resolver;
  Proxy proxy(resolver, net::Transport::tls, kWithUdp + kWithMetrics);
  const Scraper scraper(proxy);
  Askers askers(proxy, {.count = 6, .at_once = 4});
  askers.start();
  const auto deadline = net::Deadline::in(std::chrono::seconds(30));
  Scraper::Samples samples;
  do samples = scraper.samples();
  while (samples["dot_proxy_query_duration_seconds_count{transport=\"tls\"}"] < 50 && !deadline.expired());
  const TempDir directory;
  const std::string page = write_file(directory, "page", scraper.content("/metrics"));
  const auto report = askers.stop();
  INFO(report.to_string());
  CHECK(report.wrong.empty());

  // It reads its standard input.
  Process check({"/bin/sh", "-c", fmt::format("exec {} check metrics <{}", *promtool, page)});
  const auto code = check.wait_exit(net::Deadline::in(std::chrono::seconds(40)));
  INFO(check.error_output() << check.take_output());
  CHECK(code == 0);
  CHECK(check.error_output().empty());
}

TEST_CASE("promtool finds the alert rules in order, and each tried one fires when it should") {
  const auto promtool = find_peer("promtool");
  if (!promtool) return;
  const std::string deploy = DEPLOY;
  CHECK_THAT(run_to_end({*promtool, "check", "rules", deploy + "/alerts.yml"}),
             Contains("SUCCESS: 12 rules found"));
  CHECK_THAT(run_to_end({*promtool, "test", "rules", deploy + "/alerts_test.yml"}), Contains("SUCCESS"));
  CHECK_THAT(run_to_end({*promtool, "check", "config", deploy + "/prometheus.yml"}), Contains("SUCCESS"));
}
