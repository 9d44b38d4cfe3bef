// Asks for the cache itself, without a client: for answers that end soon, and for stale ones. It is an asker
// like a session, with a thread of its own. What it is to ask comes by mail (Cache::start).
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "common/net/deadline.h"
#include "common/net/unique_fd.h"
#include "proxyserver/caching/cache.h"
#include "proxyserver/upstreams/upstreams.h"
#include "proxyserver/watching/metrics.h"

class Refresher {
 public:
  // All must outlive it. `metrics` may be null. Throws NetError.
  Refresher(Cache& cache, Upstreams& upstreams, const Published<Limits>& limits, Metrics* metrics);
  ~Refresher();  // the thread ends at once: who waits for its answers asks itself

  void start();  // before any client is served

 private:
  class Worker;
  const net::UniqueFd stopping_;  // an eventfd that becomes readable
  const std::shared_ptr<Worker> worker_;
  std::thread thread_;
};
