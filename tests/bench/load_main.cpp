// Queries over very many connections that stay open, for tests/bench/compare: dnsperf stops at 256 clients.
// One thread; query n goes to connection n modulo N, and IN-FLIGHT queries are under way at any time. With as
// many in flight as there are connections, each connection has exactly one.
//
//   dot_load URI CA-FILE CONNECTIONS IN-FLIGHT QUERIES [PACE]    CA-FILE is not looked at where the URI is
//   tcp://
//
// With PACE, so many queries per second are sent over all connections together, evenly, whatever becomes of
// the answers: each connection asks every CONNECTIONS / PACE seconds, a little later than the one before it.
// IN-FLIGHT is then the most that may wait for an answer; what would be more is an error.
//
// Steps, so that each can be measured by itself: it connects (and, with PACE, asks one query over each
// connection, at that pace, as a warm-up), says "connected" and reads a line; asks, and says "queries=N
// lost=N qps=N p50_us=N p99_us=N"; then keeps the idle connections until its input ends. Anything amiss ends
// it with one line on standard error.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fmt/format.h>
#include <memory>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <vector>

#include "common/cli.h"
#include "common/dns/codes.h"
#include "common/dns/message.h"
#include "common/net/framing.h"
#include "common/net/tcp.h"
#include "common/tls/tls_stream.h"

namespace {

using Clock = net::Deadline::Clock;
using Status = net::IoResult::Status;

constexpr std::chrono::seconds kPatience{10};  // for a handshake, and for the next answer

long number(const char* text) {
  const auto value = cli::parse_number(text, 0, 1'000'000'000);
  if (!value) throw std::runtime_error(value.error());
  return *value;
}

struct Connection {
  std::unique_ptr<net::Stream> stream;
  net::FrameReader reader{};
};

Connection connect_to(const net::Endpoint& endpoint, const tls::ClientContext* context) {
  const auto deadline = net::Deadline::in(kPatience);
  net::UniqueFd socket = net::connect_tcp(endpoint.address, deadline);
  if (context == nullptr) return {std::make_unique<net::TcpStream>(std::move(socket), endpoint.to_string())};
  auto stream = std::make_unique<tls::TlsStream>(std::move(socket), *context, endpoint.to_string());
  stream->handshake(deadline);
  return {std::move(stream)};
}

// A query's ID is the number of its place among those in flight; its answer hands the place on to the next
// query, or, where `pace` is not 0, frees it.
class Load {
 public:
  Load(std::vector<Connection>& connections, std::size_t in_flight, std::size_t queries, std::size_t pace)
      : connections_(connections),
        places_(std::min(in_flight, queries)),
        queries_(queries),
        pace_(pace),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    latencies_.reserve(queries);
    for (Connection& connection : connections_) watch(connection.stream->fd(), &connection);
  }

  void run() {
    const auto begin = Clock::now();
    if (pace_ > 0)
      start_timer();
    else
      for (std::size_t place = 0; place < places_.size(); ++place) send(place);
    epoll_event ready[64];
    while (latencies_.size() < queries_) {
      const int count = epoll_wait(epoll_.get(), ready, 64, net::Deadline::in(kPatience).poll_ms());
      if (count == 0) break;  // what has not come by now is lost
      for (int i = 0; i < count; ++i) {
        if (ready[i].data.ptr != nullptr)
          read(*static_cast<Connection*>(ready[i].data.ptr));
        else
          send_due();
      }
    }
    seconds_ = std::chrono::duration<double>(Clock::now() - begin).count();
  }

  std::size_t lost() const { return queries_ - latencies_.size(); }

  void report() {
    fmt::print("queries={} lost={} qps={:.0f} p50_us={} p99_us={}\n", latencies_.size(), lost(),
               static_cast<double>(latencies_.size()) / seconds_, percentile(50), percentile(99));
  }

 private:
  struct Place {
    const Connection* connection = nullptr;  // null: free
    Clock::time_point sent{};
  };

  void watch(int fd, Connection* connection) {
    epoll_event event{EPOLLIN, {.ptr = connection}};
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
      throw std::runtime_error(fmt::format("epoll_ctl: {}", std::strerror(errno)));
  }

  // It expires whenever a query is due; epoll_wait's milliseconds are too coarse for that.
  void start_timer() {
    timer_ = net::UniqueFd(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
    watch(timer_.get(), nullptr);
    const auto nanoseconds = static_cast<long>(1'000'000'000 / pace_);
    const timespec interval{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    const itimerspec times{interval, interval};
    if (timerfd_settime(timer_.get(), 0, &times, nullptr) != 0)
      throw std::runtime_error(fmt::format("timerfd_settime: {}", std::strerror(errno)));
  }

  void send_due() {
    std::uint64_t due = 0;
    if (::read(timer_.get(), &due, sizeof(due)) != sizeof(due)) return;
    for (; due > 0 && sent_ < queries_; --due) {
      const std::size_t place = sent_ % places_.size();
      if (places_[place].connection != nullptr)
        throw std::runtime_error("too many queries without an answer");
      send(place);
    }
    if (sent_ == queries_) timer_.reset();
  }

  void send(std::size_t place) {
    const bool one_each = places_.size() == connections_.size();
    Connection& connection = connections_[(one_each ? place : sent_) % connections_.size()];
    dns::Message query;
    query.header.id = static_cast<std::uint16_t>(place);
    query.header.rd = true;
    query.questions.push_back(
        {*dns::Name::parse(fmt::format("q{}.tag.test.", sent_++)), dns::type::TXT, dns::klass::IN});
    places_[place] = {&connection, Clock::now()};
    net::write_frame(*connection.stream, dns::encode(query), net::Deadline::in(kPatience));
  }

  void read(Connection& connection) {
    while (true) {
      const Status status = connection.reader.fill(*connection.stream).status;
      if (status == Status::closed) throw std::runtime_error("a connection was closed under load");
      while (const auto message = connection.reader.next()) take(connection, *message);
      if (status != Status::done) return;
    }
  }

  void take(const Connection& connection, ByteView message) {
    dns::WireReader reader(message);
    const dns::Header header = dns::decode_header(reader);
    if (!reader.ok() || header.id >= places_.size() || places_[header.id].connection != &connection)
      throw std::runtime_error("an answer that was not asked for");
    if (header.rcode != dns::rcode::NOERROR) throw std::runtime_error(fmt::format("rcode {}", header.rcode));
    latencies_.push_back((Clock::now() - places_[header.id].sent) / std::chrono::microseconds(1));
    places_[header.id].connection = nullptr;
    if (pace_ == 0 && sent_ < queries_) send(header.id);
  }

  long percentile(std::size_t percent) {
    if (latencies_.empty()) return 0;
    const auto at = latencies_.begin() + static_cast<long>((latencies_.size() - 1) * percent / 100);
    std::nth_element(latencies_.begin(), at, latencies_.end());
    return *at;
  }

  std::vector<Connection>& connections_;
  std::vector<Place> places_;
  std::size_t queries_;
  std::size_t pace_;  // queries per second; 0: as fast as answers come
  net::UniqueFd epoll_;
  net::UniqueFd timer_{};
  std::size_t sent_ = 0;
  std::vector<long> latencies_{};  // microseconds
  double seconds_ = 1;
};

// Says the line; false once the input has ended.
bool wait_for_line() {
  std::fflush(stdout);
  for (int c = std::getchar(); c != '\n'; c = std::getchar())
    if (c == EOF) return false;
  return true;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 6 && argc != 7)
    throw std::runtime_error("usage: dot_load URI CA-FILE CONNECTIONS IN-FLIGHT QUERIES [PACE]");
  const auto endpoint = net::parse_endpoint(argv[1]);
  if (!endpoint) throw std::runtime_error(endpoint.error());
  const auto count = static_cast<std::size_t>(number(argv[3]));
  const auto in_flight = static_cast<std::size_t>(std::min(number(argv[4]), 65536L));
  const auto queries = static_cast<std::size_t>(number(argv[5]));
  const auto pace = argc > 6 ? static_cast<std::size_t>(number(argv[6])) : 0;
  if (count == 0 || in_flight == 0)
    throw std::runtime_error("no connections, or no queries in flight, is no load");

  std::unique_ptr<const tls::ClientContext> context;
  if (endpoint->transport == net::Transport::tls) {
    tls::ClientOptions options;
    options.ca_file = argv[2];
    options.auth_name = "localhost";
    context = std::make_unique<const tls::ClientContext>(options);
  }
  std::vector<Connection> connections;
  for (std::size_t i = 0; i < count; ++i) connections.push_back(connect_to(*endpoint, context.get()));
  if (pace > 0) {
    Load warm_up(connections, in_flight, count, pace);
    warm_up.run();
    if (warm_up.lost() > 0) throw std::runtime_error("a query of the warm-up was lost");
  }
  fmt::print("connected\n");
  if (!wait_for_line()) return 0;
  Load load(connections, in_flight, queries, pace);
  load.run();
  load.report();
  while (wait_for_line()) continue;
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "dot_load: {}\n", error.what());
  return cli::internal;
}
