#include "proxyserver/listening/status.h"

#include <algorithm>
#include <fmt/format.h>

#include "common/tls/tls_context.h"

namespace {

http::Response text(unsigned status, const std::string& line) {
  http::Response response;
  response.status = status;
  response.content = line + '\n';
  return response;
}

}  // namespace

std::optional<http::Response> Status::page(const std::string& path) {
  if (path == "/healthz") return text(200, "the process answers");
  if (path == "/ready") {
    const auto verdict = readiness_.ask(Readiness::Clock::now());
    if (!verdict) return std::nullopt;
    return text(verdict->ready ? 200 : 503, verdict->why);
  }
  if (path != "/metrics") return text(404, "there are /metrics, /healthz and /ready");
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.content = metrics();
  return response;
}

std::string Status::metrics() const {
  Exposition to;
  to.gauge("dot_proxy_build_info", "Always 1; the labels say what was built, and by what.");
  to.sample({{"version", DOT_VERSION}, {"openssl", tls::library_version()}, {"compiler", __VERSION__}},
            std::uint64_t{1});
  to.gauge("dot_proxy_draining", "1 once the proxy has begun to stop.");
  to.sample({}, std::uint64_t{about_.draining ? 1U : 0U});
  to.gauge("dot_proxy_client_connections_max",
           "Client connections that are taken at once: --max-connections, or what the descriptors allow.");
  to.sample({}, std::uint64_t{about_.max_connections});
  if (const std::int64_t end = certificate_end_; end != 0) {
    to.gauge("dot_proxy_certificate_expiry_timestamp_seconds",
             "When the certificate that clients are shown ends, in Unix time.");
    to.sample({}, static_cast<double>(end));
  }
  about_.metrics.write(to);
  if (about_.cache != nullptr) about_.cache->write(to);
  write_upstreams(to);
  process_.write(to);
  return to.take();
}

void Status::write_upstreams(Exposition& to) const {
  // One list for all that follows; two names may have one address, and a series is there once.
  Upstreams::List list;
  const auto is_same = [](const Upstream& a, const Upstream& b) {
    return a.name() == b.name() && &a.group() == &b.group();
  };
  for (Upstream* const upstream : about_.routes.all_with(about_.upstreams))
    if (std::ranges::none_of(list, [&](const Upstream* one) { return is_same(*one, *upstream); }))
      list.push_back(upstream);
  std::vector<Upstream::Load> loads;
  for (const Upstream* const upstream : list) loads.push_back(upstream->load());
  const auto sample = [&to](const Upstream& upstream, auto value) {
    to.also({"suffix", upstream.group().suffixes()});
    to.sample({{"upstream", upstream.name()}}, value);
    to.also({});
  };

  to.gauge("dot_proxy_upstream_connections",
           "Connections to the upstream, those that are being made included.");
  for (std::size_t i = 0; i < list.size(); ++i) sample(*list[i], std::uint64_t{loads[i].connections});
  to.gauge("dot_proxy_upstream_queries_in_flight", "Queries that wait for an answer of the upstream.");
  for (std::size_t i = 0; i < list.size(); ++i) sample(*list[i], std::uint64_t{loads[i].in_flight});
  to.gauge("dot_proxy_upstream_failing", "1 while the upstream is passed over because it failed.");
  for (const Upstream* const upstream : list)
    sample(*upstream, std::uint64_t{upstream->is_failing() ? 1U : 0U});
  to.gauge("dot_proxy_upstream_last_answer_age_seconds", "Time since the upstream's last answer.");
  const auto now = Upstream::Clock::now();
  for (const Upstream* const upstream : list)
    if (const auto when = upstream->last_answer(); when != Upstream::Clock::time_point::min())
      sample(*upstream, std::chrono::duration<double>(now - when).count());
  to.gauge("dot_proxy_upstream_certificate_expiry_timestamp_seconds",
           "When the certificate that the upstream showed last ends, in Unix time.");
  for (const Upstream* const upstream : list)
    if (const auto* const metrics = upstream->metrics();
        metrics != nullptr && metrics->certificate_end() != 0)
      sample(*upstream, static_cast<double>(metrics->certificate_end()));

  for (std::size_t family = 0; family < UpstreamMetrics::kFamilies; ++family) {
    UpstreamMetrics::begin(to, static_cast<UpstreamMetrics::Family>(family));
    for (const Upstream* const upstream : list)
      if (const auto* const metrics = upstream->metrics()) {
        to.also({"suffix", upstream->group().suffixes()});
        metrics->write(to, static_cast<UpstreamMetrics::Family>(family), upstream->name());
        to.also({});
      }
  }
}
