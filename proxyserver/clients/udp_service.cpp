#include "proxyserver/clients/udp_service.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "common/cli.h"
#include "common/log.h"
#include "common/net/net_error.h"
#include "proxyserver/asking/forwarder.h"
#include "proxyserver/asking/screen.h"

namespace {

// Over UDP answers do not grow beyond what arrives unfragmented everywhere (RFC 9210 §4.4, "DNS flag day
// 2020").
constexpr std::size_t kLargestAnswer = 1232;
// Queries in flight per worker; beyond, datagrams wait in the socket's buffer, and then the kernel drops
// them.
constexpr std::size_t kMaxInFlight = 2048;
constexpr std::uint8_t kTruncated = 0x02;  // TC, in the third octet of a header (RFC 1035 §4.1.1)

}  // namespace

class UdpService::Worker final : public Asker {
 public:
  using Clock = std::chrono::steady_clock;

  Worker(net::UdpListener socket, Upstreams& upstreams, const Published<Limits>& limits,
         const Published<AccessList>& access, const Instruments& instruments, Rates& rates, Cache* cache)
      : address_(net::SocketAddress::of_socket(socket.fd())),
        limits_(limits),
        access_(access),
        watching_(instruments),
        rates_(rates),
        capture_(instruments.capture.get()),
        socket_(std::move(socket)),
        cache_(cache),
        forwarder_(upstreams, limits.current(), *this, instruments.metrics.get(), cache) {}

  int fd() const { return socket_.fd(); }

  void run(int stopping, const std::atomic<Clock::time_point>& end_of_all) {
    waker_.belong_here();
    serve(stopping, end_of_all);
    forwarder_.leave(end());
  }

  void deliver(std::span<const Answer> answers, Clock::time_point now) override;
  std::string client_of(const Query& query) const override { return path_of(query).peer.to_string(); }
  bool is_one_client() const override { return false; }

 private:
  struct FromDatagram final : Query {
    FromDatagram(std::shared_ptr<Asker> who, const dns::MessageView& query, const dns::OptSplice& options,
                 const net::UdpPath& from)
        : Query(std::move(who), query, options), path(from) {}
    const net::UdpPath path;
  };
  static const net::UdpPath& path_of(const Query& query) {
    return static_cast<const FromDatagram&>(query).path;  // this worker's queries all are
  }

  void serve(int stopping, const std::atomic<Clock::time_point>& end_of_all);
  void receive(Clock::time_point now);
  void refused(const net::SocketAddress& client) const;
  bool is_within_rate(const net::SocketAddress& client, std::size_t per_second, Clock::time_point now);
  void forward(const dns::MessageView& asked, const net::UdpPath& path, Clock::time_point now);
  // These two under the lock.
  void send_what_fits(const net::UdpPath& path, const Asked& asked, const Answer& answer,
                      Clock::time_point came);
  void send(const net::UdpPath& path, const dns::MessageView& answer, ByteView octets, const Upstream* by,
            Clock::time_point came, CacheUse cached = CacheUse::none);

  net::SocketAddress address_;
  const Published<Limits>& limits_;
  const Published<AccessList>& access_;
  const Instruments& watching_;
  Rates& rates_;
  Capture* const capture_;
  net::UdpListener socket_;  // sending: under Asker::mutex_
  Bytes spliced_;            // likewise
  bool full_ = false;        // likewise: too many are in flight for the socket to be read
  std::atomic<std::size_t> in_flight_ = 0;
  // This thread's own.
  Cache* const cache_;  // null: there is none
  Bytes found_;         // an answer out of it
  Forwarder forwarder_;
};

void UdpService::Worker::serve(int stopping, const std::atomic<Clock::time_point>& end_of_all) {
  Clock::time_point now = Clock::now();
  std::optional<Clock::time_point> end;  // once told to stop
  bool reading = true;
  std::vector<pollfd> entries;
  for (;;) {
    forwarder_.flush(now);
    if (end && ((!reading && in_flight_ == 0) || *end <= now))
      return;  // now: flush() may have ended the last ones
    entries.assign(2, {-1, POLLIN, 0});
    auto until = forwarder_.poll_entries(entries, now);
    if (end) until = std::min(until, *end);
    {
      const std::lock_guard lock(mutex_);
      full_ = !reading || in_flight_ >= kMaxInFlight;
      if (!end) entries[0].fd = stopping;
      if (!full_) entries[1].fd = socket_.fd();
      if (end && !full_) until = now;  // is there more?
    }
    waker_.wait(entries, net::Deadline::at(until), now);
    now = Clock::now();
    if (entries[1].revents != 0)
      receive(now);
    else if (end && entries[1].fd >= 0)
      reading = false;
    if (entries[0].revents != 0) end = end_of_all.load();
    forwarder_.on_events(std::span(entries).subspan(2), now);
    forwarder_.on_time(now);
  }
}

bool UdpService::Worker::is_within_rate(const net::SocketAddress& client, std::size_t per_second,
                                        Clock::time_point now) {
  if (per_second == 0 || rates_.take(client_key(client), per_second, now)) return true;
  if (watching_.metrics) watching_.metrics->client_refused(net::Transport::udp, Metrics::Rule::qps);
  logging::write_summed(logging::Level::info, "query-refused", "reason=--max-qps-per-client",
                        [&] { return logging::field("client", client.to_string()); });
  return false;
}

void UdpService::Worker::receive(Clock::time_point now) {
  forwarder_.use(limits_.current());
  const AccessList& access = access_.current();
  const std::size_t per_second = limits_.current().max_qps_per_client;
  for (const net::UdpListener::Received& received : socket_.receive()) {
    const net::SocketAddress& client = received.path->peer;
    if (!access.permits(client)) {
      refused(client);
      continue;
    }
    if (capture_ != nullptr)
      capture_->add_datagram(client, received.path->asked(address_), received.datagram);
    const Screening screening = screen(received.datagram);
    if (screening.verdict != Screening::Verdict::hang_up)
      watching_.query(ClientName(client), net::Transport::udp, received.datagram);
    switch (screening.verdict) {
      case Screening::Verdict::forward:
        if (!is_within_rate(client, per_second, now)) {
          // Truncated: who is really there can ask over TCP, and a spoofed address gets no more than was
          // sent.
          Bytes reply = error_reply(received.datagram, dns::rcode::NOERROR);
          reply[2] |= kTruncated;
          const std::lock_guard lock(mutex_);
          send(*received.path, dns::inspect(reply).value(), reply, nullptr, now);
          socket_.flush();
          break;
        }
        forward(screening.query, *received.path, now);
        break;
      case Screening::Verdict::answer: {
        Bytes reply = answer_here(received.datagram, screening, limits_.current().announced);
        const std::size_t limit = std::min<std::size_t>(asked_by(screening.query).udp_size, kLargestAnswer);
        if (reply.size() > limit || (screening.is_query() && !is_within_rate(client, per_second, now)))
          reply = truncated_reply(dns::inspect(reply).value());
        const std::lock_guard lock(mutex_);
        send(*received.path, dns::inspect(reply).value(), reply, nullptr, now);
        socket_.flush();
        break;
      }
      case Screening::Verdict::hang_up:
        break;  // an answer to an answer would be the start of a loop
    }
  }
  if (cache_ == nullptr) return;
  const std::lock_guard lock(mutex_);
  socket_.flush();  // what was found, all at once
}

// From the cache at once, or to a resolver.
void UdpService::Worker::forward(const dns::MessageView& asked, const net::UdpPath& path,
                                 Clock::time_point now) {
  CacheKey key;
  const bool for_cache = cache_ != nullptr && key.make(asked);
  if (for_cache)
    if (const auto hit = cache_->find(key, asked, now, found_)) {
      {
        const std::lock_guard lock(mutex_);
        send_what_fits(path, asked_by(asked), {nullptr, hit->message, nullptr, hit->use}, now);
      }
      if (hit->wants_refresh) forwarder_.refresh(asked, key);
      return;
    }
  auto query =
      std::make_shared<FromDatagram>(shared_from_this(), asked, forwarder_.upstream_options(asked), path);
  if (for_cache) query->key = std::make_unique<CacheKey>(key);
  ++in_flight_;
  forwarder_.submit(std::move(query), now);
}

// Counted and said; not answered: its address may be forged, and an answer would hit whoever has it.
void UdpService::Worker::refused(const net::SocketAddress& client) const {
  if (watching_.metrics) watching_.metrics->client_refused(net::Transport::udp, Metrics::Rule::allow);
  logging::write_summed(logging::Level::info, "client-refused", "transport=udp", [&] {
    return fmt::format("{} {}", logging::field("client", client.to_string()),
                       logging::field("reason", "not among --allow"));
  });
}

// Clear text: no padding (RFC 7830 §6). Datagrams: no keepalive (RFC 7828 §3.2.1).
void UdpService::Worker::deliver(std::span<const Answer> answers, Clock::time_point) {
  const std::lock_guard lock(mutex_);
  for (const Answer& answer : answers) {
    const Query& query = *answer.query;
    if (!answer.query->end()) continue;
    --in_flight_;
    if (ended_) continue;
    send_what_fits(path_of(query), query.asked, answer, query.came);
  }
  socket_.flush();
  if (full_) waker_.wake();
}

void UdpService::Worker::send_what_fits(const net::UdpPath& path, const Asked& asked, const Answer& answer,
                                        Clock::time_point came) {
  dns::OptSplice splice;
  splice.remove_opt = !asked.has_opt && answer.message.opt.has_value();
  const bool changed = dns::splice_opt(answer.message, splice, spliced_);
  const ByteView octets = changed ? ByteView(spliced_) : answer.message.bytes;
  const std::size_t limit = std::min<std::size_t>(asked.udp_size, kLargestAnswer);
  if (octets.size() <= limit)
    send(path, answer.message, octets, answer.by, came, answer.cached);
  else if (const auto view = dns::inspect(octets))
    send(path, answer.message, truncated_reply(*view), answer.by, came, answer.cached);
}

void UdpService::Worker::send(const net::UdpPath& path, const dns::MessageView& answer, ByteView octets,
                              const Upstream* by, Clock::time_point came, CacheUse cached) {
  socket_.send(path, octets);
  if (capture_ != nullptr) capture_->add_datagram(path.asked(address_), path.peer, octets);
  watching_.answered({ClientName(path.peer), net::Transport::udp, answer, octets, came, name_of(by), cached});
}

UdpService::UdpService(const net::SocketAddress& address, std::size_t workers, Upstreams& upstreams,
                       const Published<Limits>& limits, const Published<AccessList>& access,
                       const Instruments& instruments, Rates& rates, Cache* cache)
    : stopping_(eventfd(0, EFD_CLOEXEC)) {
  if (!stopping_.valid()) throw net::NetError::from_errno("open an eventfd", errno);
  net::UdpListener::check_free(address);
  const auto add = [&](const net::SocketAddress& at) {
    workers_.push_back(
        std::make_shared<Worker>(net::UdpListener(at), upstreams, limits, access, instruments, rates, cache));
  };
  add(address);
  while (workers_.size() < workers) add(this->address());
}

UdpService::UdpService(net::UniqueFd socket, Upstreams& upstreams, const Published<Limits>& limits,
                       const Published<AccessList>& access, const Instruments& instruments, Rates& rates,
                       Cache* cache)
    : stopping_(eventfd(0, EFD_CLOEXEC)) {
  if (!stopping_.valid()) throw net::NetError::from_errno("open an eventfd", errno);
  workers_.push_back(std::make_shared<Worker>(net::UdpListener(std::move(socket)), upstreams, limits, access,
                                              instruments, rates, cache));
}

UdpService::~UdpService() {
  stop(net::Deadline::in({}));
}

net::SocketAddress UdpService::address() const {
  return net::SocketAddress::of_socket(workers_.front()->fd());
}

void UdpService::start() {
  for (const auto& worker : workers_)
    threads_.emplace_back([this, &worker = *worker, stopping = stopping_.get()] {
      try {
        worker.run(stopping, end_);
      } catch (const std::exception& error) {
        // Its socket would go on taking its share of the queries, and nobody would answer them.
        logging::write(logging::Level::error, "udp-worker-failed", logging::field("reason", error.what()));
        std::quick_exit(cli::internal);
      }
    });
}

void UdpService::stop_reading(net::Deadline end) {
  end_ = end.when();
  eventfd_write(stopping_.get(), 1);
}

void UdpService::stop(net::Deadline end) {
  stop_reading(end);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}
