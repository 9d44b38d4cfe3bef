#include "proxyserver/caching/refresher.h"

#include <cerrno>
#include <future>
#include <poll.h>
#include <sys/eventfd.h>
#include <utility>

#include "common/log.h"
#include "common/net/net_error.h"
#include "proxyserver/asking/forwarder.h"

namespace {

int open_eventfd() {
  const int fd = eventfd(0, EFD_CLOEXEC);
  if (fd < 0) throw net::NetError::from_errno("open an eventfd", errno);
  return fd;
}

}  // namespace

class Refresher::Worker final : public Asker {
 public:
  using Clock = std::chrono::steady_clock;

  Worker(Cache& cache, Upstreams& upstreams, const Published<Limits>& limits, Metrics* metrics)
      : limits_(limits), forwarder_(upstreams, limits.current(), *this, metrics, &cache) {}

  // Until `stopping` is readable. `ready`: from then on others may wake this thread.
  void run(int stopping, std::promise<void> ready) {
    waker_.belong_here();
    ready.set_value();
    try {
      serve(stopping);
    } catch (const std::exception& error) {  // the clients ask for themselves from now on
      logging::write(logging::Level::error, "refresher-failed", logging::field("reason", error.what()));
    }
    forwarder_.leave(end());
  }

  // The cache has it already (Forwarder::share_last).
  void deliver(std::span<const Answer> answers, Clock::time_point) override {
    for (const Answer& answer : answers) answer.query->end();
  }
  std::string client_of(const Query&) const override { return "cache"; }
  bool is_one_client() const override { return false; }

 private:
  void serve(int stopping) {
    std::vector<pollfd> entries;
    for (auto now = Clock::now();; now = Clock::now()) {
      forwarder_.use(limits_.current());
      forwarder_.on_time(now);
      forwarder_.flush(now);
      entries.assign(1, {stopping, POLLIN, 0});
      const auto until = forwarder_.poll_entries(entries, now);
      waker_.wait(entries, net::Deadline::at(until), now);
      if (entries[0].revents != 0) return;
      forwarder_.on_events(std::span(entries).subspan(1), Clock::now());
    }
  }

  const Published<Limits>& limits_;
  Forwarder forwarder_;
};

Refresher::Refresher(Cache& cache, Upstreams& upstreams, const Published<Limits>& limits, Metrics* metrics)
    : stopping_(open_eventfd()), worker_(std::make_shared<Worker>(cache, upstreams, limits, metrics)) {
  cache.refresh_by(worker_);
}

Refresher::~Refresher() {
  if (!thread_.joinable()) return;
  eventfd_write(stopping_.get(), 1);
  thread_.join();
}

void Refresher::start() {
  std::promise<void> ready;
  const std::future<void> is_ready = ready.get_future();
  thread_ = std::thread(&Worker::run, worker_.get(), stopping_.get(), std::move(ready));
  is_ready.wait();
}
