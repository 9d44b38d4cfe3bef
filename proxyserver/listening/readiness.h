// Whether the proxy can answer: an upstream has answered within the last while, or a connection to one, TLS's
// handshake and the checks of its certificate included, can be made now. It is the general ones that count;
// those of --for do where there are no others.
//
// ask() is for one thread. It never waits: where it has to try, it does so on a thread of its own, and the
// verdict comes with a later call.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <thread>

#include "proxyserver/upstreams/routes.h"

class Readiness {
 public:
  using Clock = Upstream::Clock;

  struct Verdict {
    bool ready;
    std::string why;  // one line
  };

  // `draining`: the proxy is about to stop.
  Readiness(const Upstreams& general, const Routes& routes, const std::atomic<bool>& draining)
      : general_(general), routes_(routes), draining_(draining) {}
  ~Readiness();  // waits for a trial, three seconds at most

  std::optional<Verdict> ask(Clock::time_point now);  // nullopt: it is being tried

 private:
  Upstreams::List those_that_count() const {
    return general_.empty() ? routes_.all_with(general_) : general_.list();
  }
  void try_all() noexcept;

  const Upstreams& general_;
  const Routes& routes_;
  const std::atomic<bool>& draining_;
  std::atomic<bool> over_ = true;  // a trial; then these two are this object's thread's again
  Verdict verdict_{};
  Clock::time_point good_until_ = Clock::time_point::min();
  std::thread trial_;
};
