// dnsperf, DNS-OARC's load generator, over every leg: it loses nothing, and every answer is NOERROR.
#include <fmt/format.h>
#include <fstream>

#include "tests/interop/peer.h"
#include "tests/support/client_leg.h"

using Catch::Matchers::Contains;
using Catch::Matchers::Matches;
using net::Transport;

namespace {

std::string_view mode_of(Transport transport) {
  return transport == Transport::tls ? "dot" : to_string(transport);
}

// "-O num-queries-per-conn=…" makes it come again all the time.
std::string run_dnsperf(const std::string& path, const Proxy& proxy, Transport leg, const Arguments& extra) {
  const TempDir directory;
  std::ofstream names(directory.file("names"));
  for (int i = 0; i < 500; ++i) names << fmt::format("q{}.tag.test TXT\n", i);
  names.close();
  Process dnsperf(Arguments{path, "-s", "127.0.0.1", "-p", std::to_string(proxy.endpoint(leg).address.port()),
                            "-m", std::string(mode_of(leg)), "-d", directory.file("names"), "-c", "10", "-q",
                            "50", "-e", "-D"} +
                  extra);
  const auto code = dnsperf.wait_exit(net::Deadline::in(std::chrono::seconds(50)));
  INFO(dnsperf.error_output());
  REQUIRE(code == 0);
  return dnsperf.take_output();
}

void check_nothing_lost(const std::string& report) {
  INFO(report);
  CHECK_THAT(report, Contains("Queries lost:         0 (0.00%)"));
  CHECK_THAT(report, Contains("(100.00%)"));
  CHECK_THAT(report, Matches("[^]*Response codes:\\s+NOERROR [0-9]+ \\(100.00%\\)\n[^]*"));
}

}  // namespace

TEST_CASE("dnsperf -m dot, -m tcp and -m udp lose nothing") {
  const auto path = find_peer("dnsperf");
  if (!path) return;
  const Transport leg = GENERATE(Transport::tls, Transport::tcp, Transport::udp);
  const Transport upstream = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(to_string(leg), to_string(upstream));
  const LabResolver resolver;
  const Proxy proxy(resolver, upstream, kWithUdp);
  check_nothing_lost(run_dnsperf(*path, proxy, leg, {"-n", "10", "-Q", "4000"}));
}

TEST_CASE("dnsperf with a new connection for every few queries loses nothing") {
  const auto path = find_peer("dnsperf");
  if (!path) return;
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(to_string(leg));
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls);
  check_nothing_lost(
      run_dnsperf(*path, proxy, leg, {"-n", "2", "-Q", "1000", "-O", "num-queries-per-conn=5"}));
}
