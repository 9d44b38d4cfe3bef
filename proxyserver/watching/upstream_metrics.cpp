#include "proxyserver/watching/metrics.h"
#include "proxyserver/watching/tls_tally.h"

namespace {

// Where each counter stands.
namespace at {
constexpr std::size_t kBegun = 0;
constexpr std::size_t kLost = 1;
constexpr std::size_t kPenalties = 2;
constexpr std::size_t kFailed = 3;
constexpr std::size_t kTls = kFailed + kFailures.size();
constexpr std::size_t kAnswer = kTls + TlsTally::kSize;
constexpr std::size_t kConnect = kAnswer + histogram::kSize;
constexpr std::size_t kHandshake = kConnect + histogram::kSize;
constexpr std::size_t kCount = kHandshake + histogram::kSize;
}  // namespace at

}  // namespace

UpstreamMetrics::UpstreamMetrics() : counters_(at::kCount) {}

void UpstreamMetrics::begun() noexcept {
  counters_.add(at::kBegun);
}

void UpstreamMetrics::connected(Duration time) noexcept {
  histogram::observe(counters_.here().subspan(at::kConnect), time);
}

void UpstreamMetrics::secured(const tls::ConnectionFacts& facts, Duration time) noexcept {
  const auto here = counters_.here();
  TlsTally::count(here.subspan(at::kTls), facts);
  histogram::observe(here.subspan(at::kHandshake), time);
  if (facts.peer) certificate_end_ = facts.peer->not_after.time_since_epoch().count();
}

void UpstreamMetrics::failed(const std::exception& cause) noexcept {
  counters_.add(at::kFailed + failure_of(cause));
}

void UpstreamMetrics::lost() noexcept {
  counters_.add(at::kLost);
}

void UpstreamMetrics::penalised() noexcept {
  counters_.add(at::kPenalties);
}

void UpstreamMetrics::answered(Duration time) noexcept {
  histogram::observe(counters_.here().subspan(at::kAnswer), time);
}

void UpstreamMetrics::begin(Exposition& to, Family family) {
  switch (family) {
    case Family::connections:
      return to.counter("dot_proxy_upstream_connections_begun_total",
                        "Connections to the upstream that were begun.");
    case Family::failures:
      return to.counter("dot_proxy_upstream_connections_failed_total",
                        "Connections that never stood, TLS included, by reason.");
    case Family::lost:
      return to.counter("dot_proxy_upstream_connections_lost_total",
                        "Connections that stood, and broke while somebody waited for an answer.");
    case Family::penalties:
      return to.counter("dot_proxy_upstream_penalties_total",
                        "Times that the upstream was passed over for a while, since it failed.");
    case Family::handshakes:
      return to.counter("dot_proxy_upstream_tls_handshakes_total",
                        "TLS handshakes with the upstream, full or resumed.");
    case Family::tls:
      return to.counter("dot_proxy_upstream_tls_connections_total",
                        "TLS connections to the upstream, by version and group.");
    case Family::connect:
      return to.histogram("dot_proxy_upstream_connect_duration_seconds",
                          "Time until TCP's connection stood.");
    case Family::handshake:
      return to.histogram("dot_proxy_upstream_handshake_duration_seconds",
                          "Time of TLS's handshake, from when TCP's connection stood.");
    case Family::answer:
      return to.histogram("dot_proxy_upstream_answer_duration_seconds",
                          "Time from a query's departure to its answer.");
  }
}

void UpstreamMetrics::write(Exposition& to, Family family, std::string_view upstream) const {
  const Counters& c = counters_;
  const Exposition::Label label{"upstream", upstream};
  switch (family) {
    case Family::connections:
      return to.sample({label}, c.total(at::kBegun));
    case Family::failures:
      for (std::size_t i = 0; i < kFailures.size(); ++i)
        to.sample({label, {"reason", kFailures[i]}}, c.total(at::kFailed + i));
      return;
    case Family::lost:
      return to.sample({label}, c.total(at::kLost));
    case Family::penalties:
      return to.sample({label}, c.total(at::kPenalties));
    case Family::handshakes:
      return TlsTally::handshakes(to, c, at::kTls, upstream);
    case Family::tls:
      return TlsTally::connections(to, c, at::kTls, upstream);
    case Family::connect:
      return to.samples({label}, c, at::kConnect);
    case Family::handshake:
      return to.samples({label}, c, at::kHandshake);
    case Family::answer:
      return to.samples({label}, c, at::kAnswer);
  }
}
