// The pages of --metrics: /metrics for Prometheus, /healthz and /ready for whoever starts, stops and asks
// proxies. Made by the responder's thread from what is counted and what is so at the moment.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "proxyserver/caching/cache.h"
#include "proxyserver/listening/readiness.h"
#include "proxyserver/upstreams/routes.h"
#include "proxyserver/upstreams/upstreams.h"
#include "proxyserver/watching/http_request.h"
#include "proxyserver/watching/metrics.h"
#include "proxyserver/watching/process_facts.h"

class Status {
 public:
  struct About {
    const Metrics& metrics;
    const Upstreams& upstreams;  // the general ones
    const Routes& routes;
    const std::atomic<bool>& draining;
    std::size_t max_connections;
    const Cache* cache;  // null: there is none
  };

  // All must outlive this.
  explicit Status(const About& about)
      : about_(about), readiness_(about.upstreams, about.routes, about.draining) {}

  // Unix time; any thread; 0: there is no certificate of ours.
  void certificate_ends(std::int64_t when) { certificate_end_ = when; }

  // For HttpResponder.
  std::optional<http::Response> page(const std::string& path);

 private:
  std::string metrics() const;
  void write_upstreams(Exposition& to) const;

  const About about_;
  const ProcessFacts process_;
  std::atomic<std::int64_t> certificate_end_ = 0;
  Readiness readiness_;
};
