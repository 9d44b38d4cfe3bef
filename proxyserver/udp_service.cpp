#include "proxyserver/udp_service.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <poll.h>
#include <sys/eventfd.h>

#include "common/cli.h"
#include "common/log.h"
#include "common/net/net_error.h"
#include "proxyserver/forwarder.h"
#include "proxyserver/scheduling.h"
#include "proxyserver/screen.h"

namespace {

// Over UDP answers do not grow beyond what arrives unfragmented everywhere (RFC 9210 §4.4, "DNS flag day
// 2020").
constexpr std::size_t kLargestAnswer = 1232;
// Queries in flight per worker; beyond, datagrams wait in the socket's buffer, and then the kernel drops
// them.
constexpr std::size_t kMaxInFlight = 8192;

}  // namespace

class UdpService::Worker final : private Forwarder::Client {
 public:
  using Clock = std::chrono::steady_clock;

  Worker(const net::SocketAddress& address, Upstreams& upstreams, const Limits& limits,
         const AccessList& access, const Instruments& instruments)
      : socket_(address),
        address_(net::SocketAddress::of_socket(socket_.fd())),
        access_(access),
        limits_(limits),
        trace_(instruments.trace.get()),
        capture_(instruments.capture.get()),
        forwarder_(upstreams, limits, *this, trace_) {}

  int fd() const { return socket_.fd(); }

  void run(int stopping) {
    Clock::time_point now = Clock::now();
    bool reading = true;
    for (;;) {
      forwarder_.flush(now);
      socket_.flush();
      if (!reading && forwarder_.in_flight() == 0) return;  // now: flush() may have ended the last ones
      std::array<pollfd, 2 + Forwarder::kMaxLegs> entries;
      const bool has_room = reading && forwarder_.in_flight() < kMaxInFlight;
      entries[0] = {reading ? stopping : -1, POLLIN, 0};
      entries[1] = {has_room ? socket_.fd() : -1, POLLIN, 0};
      const std::size_t legs = forwarder_.poll_entries(std::span(entries).last<Forwarder::kMaxLegs>());
      const net::Deadline deadline = net::Deadline::at(forwarder_.next_time());
      if (poll(entries.data(), 2 + legs, deadline.poll_ms(now)) < 0 && errno != EINTR)
        throw net::NetError::from_errno("poll", errno);
      now = Clock::now();
      heed_load(now);
      if (entries[0].revents != 0) reading = false;
      if (entries[1].revents != 0) receive(now);
      forwarder_.on_events(std::span(entries).subspan(2, legs), now);
      forwarder_.on_time(now);
    }
  }

 private:
  void receive(Clock::time_point now) {
    for (const net::UdpListener::Received& received : socket_.receive()) {
      const net::SocketAddress& client = received.path->peer;
      if (!access_.permits(client)) continue;
      if (capture_ != nullptr)
        capture_->add_datagram(client, received.path->asked(address_), received.datagram);
      const Screening screening = screen(received.datagram);
      if (trace_ != nullptr && screening.verdict != Screening::Verdict::hang_up)
        trace_->query(client.to_string(), received.datagram);
      switch (screening.verdict) {
        case Screening::Verdict::forward:
          forwarder_.submit(screening.query, now, note(*received.path));
          break;
        case Screening::Verdict::answer:
          send(*received.path, error_reply(received.datagram, screening.rcode), now);
          break;
        case Screening::Verdict::hang_up:
          break;  // an answer to an answer would be the start of a loop
      }
    }
  }

  // Clear text: no padding (RFC 7830 §6). Datagrams: no keepalive (RFC 7828 §3.2.1).
  void deliver(const Query& query, const dns::MessageView& answer) override {
    dns::OptSplice splice;
    splice.remove_opt = !query.asked.has_opt && answer.opt.has_value();
    const bool changed = dns::splice_opt(answer, splice, spliced_);
    const ByteView octets = changed ? ByteView(spliced_) : answer.bytes;
    const std::size_t limit = std::min<std::size_t>(query.asked.udp_size, kLargestAnswer);
    const net::UdpPath& path = origins_[query.origin];
    const Clock::time_point came = query.deadline - limits_.query;
    if (octets.size() <= limit)
      send(path, octets, came);
    else if (const auto view = dns::inspect(octets))
      send(path, truncated_reply(*view), came);
    free_.push_back(query.origin);
  }

  std::string client_of(const Query& query) const override { return origins_[query.origin].peer.to_string(); }

  void send(const net::UdpPath& path, ByteView answer, Clock::time_point came) {
    socket_.send(path, answer);
    if (capture_ != nullptr) capture_->add_datagram(path.asked(address_), path.peer, answer);
    if (trace_ != nullptr) trace_->answer(path.peer.to_string(), answer, Clock::now() - came);
  }

  std::uint32_t note(const net::UdpPath& path) {
    if (free_.empty()) {
      origins_.push_back(path);
      return static_cast<std::uint32_t>(origins_.size() - 1);
    }
    const std::uint32_t origin = free_.back();
    free_.pop_back();
    origins_[origin] = path;
    return origin;
  }

  net::UdpListener socket_;
  const net::SocketAddress address_;
  const AccessList& access_;
  const Limits& limits_;
  const Trace* const trace_;
  Capture* const capture_;
  Forwarder forwarder_;
  std::vector<net::UdpPath> origins_;  // of the queries in flight, by Query::origin
  std::vector<std::uint32_t> free_;    // places in origins_
  Bytes spliced_;
};

UdpService::UdpService(const net::SocketAddress& address, std::size_t workers, Upstreams& upstreams,
                       const Limits& limits, const AccessList& access, const Instruments& instruments)
    : stopping_(eventfd(0, EFD_CLOEXEC)) {
  if (!stopping_.valid()) throw net::NetError::from_errno("open an eventfd", errno);
  net::UdpListener::check_free(address);
  workers_.push_back(std::make_unique<Worker>(address, upstreams, limits, access, instruments));
  while (workers_.size() < workers)
    workers_.push_back(std::make_unique<Worker>(this->address(), upstreams, limits, access, instruments));
}

UdpService::~UdpService() {
  stop();
}

net::SocketAddress UdpService::address() const {
  return net::SocketAddress::of_socket(workers_.front()->fd());
}

void UdpService::start() {
  for (const auto& worker : workers_)
    threads_.emplace_back([&worker = *worker, stopping = stopping_.get()] {
      try {
        worker.run(stopping);
      } catch (const std::exception& error) {
        // Its socket would go on taking its share of the queries, and nobody would answer them.
        logging::write(logging::Level::error, "udp-worker-failed", logging::field("reason", error.what()));
        std::quick_exit(cli::internal);
      }
    });
}

void UdpService::stop_reading() {
  eventfd_write(stopping_.get(), 1);
}

void UdpService::stop() {
  stop_reading();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}
