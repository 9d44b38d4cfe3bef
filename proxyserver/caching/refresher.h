// Who asks for the cache's own sake, without a client: for answers that are soon over, and for stale ones. An
// asker like a session, with a thread of its own; what it is to ask comes by mail (Cache::start).
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

  void start();

 private:
  class Worker;
  const net::UniqueFd stopping_;  // an eventfd that becomes readable
  const std::shared_ptr<Worker> worker_;
  std::thread thread_;
};
