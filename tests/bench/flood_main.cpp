// A flood of TLS handshakes from one address, for tests/bench/flood.sh. Each
// connection sends its ClientHello, waits for what comes first, and is reset: the dearest that a client can
// be to a server for the least of its own.
//
//   dot_flood URI FROM-ADDRESS SECONDS RATE
//
// One thread, and at most kAtOnce connections at any time: so many as the proxy takes, up to RATE new ones
// per second. It says "flooding" once the first is answered or closed, and at the end "knocks=N answered=N
// closed=N per_second=N": `answered` got an octet of TLS, `closed` got none.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fmt/format.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <vector>

#include "common/cli.h"
#include "common/net/endpoint.h"
#include "common/net/unique_fd.h"
#include "common/tls/issue/raw_peer.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kAtOnce = 200;
constexpr std::chrono::seconds kPatience{2};  // for one connection; then it is given up, and counts as closed

Bytes client_hello() {
  tls::RawPeer client(tls::RawOptions{});
  client.handshake();
  return client.transmit();
}

class Flood {
 public:
  Flood(const net::Endpoint& to, const net::SocketAddress& from, long rate)
      : to_(to),
        from_(from),
        rate_(static_cast<double>(rate)),
        hello_(client_hello()),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

  void run(std::chrono::seconds time) {
    const auto begin = Clock::now();
    for (auto now = begin; now - begin < time; now = Clock::now()) {
      begin_due(now);
      std::array<epoll_event, kAtOnce> ready;
      const int count = epoll_wait(epoll_.get(), ready.data(), kAtOnce, 1);
      for (int i = 0; i < count; ++i) look(ready[static_cast<std::size_t>(i)]);
    }
    const auto seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    fmt::print("knocks={} answered={} closed={} per_second={:.0f}\n", answered_ + closed_, answered_, closed_,
               static_cast<double>(answered_ + closed_) / seconds);
  }

 private:
  struct Place {
    net::UniqueFd socket{};
    Clock::time_point since{};
  };

  static void check(int result, const char* what) {
    if (result < 0) throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
  }

  // What was due while all places were taken, or for longer than this, is not made up for.
  void begin_due(Clock::time_point now) {
    const double most = rate_ / 100;
    due_ = std::min(due_ + std::chrono::duration<double>(now - last_).count() * rate_, most);
    last_ = now;
    for (std::size_t place = 0; place < places_.size(); ++place) {
      Place& one = places_[place];
      if (one.socket.valid() && now - one.since > kPatience) end(place, closed_);
      if (one.socket.valid() || due_ < 1) continue;
      due_ -= 1;
      knock(place);
    }
  }

  void knock(std::size_t place) {
    net::UniqueFd socket(::socket(from_.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    check(socket.get(), "socket");
    const int on = 1;
    setsockopt(socket.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const linger reset{1, 0};  // no TIME_WAIT: else the ports are used up in a second or two
    setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    check(bind(socket.get(), from_.get(), from_.size()), "bind");
    if (connect(socket.get(), to_.address.get(), to_.address.size()) != 0 && errno != EINPROGRESS)
      check(-1, "connect");
    epoll_event event{EPOLLOUT, {.u64 = place}};
    check(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket.get(), &event), "epoll_ctl");
    places_[place] = {std::move(socket), Clock::now()};
  }

  void look(const epoll_event& ready) {
    const std::size_t place = ready.data.u64;
    const int fd = places_[place].socket.get();
    if ((ready.events & EPOLLOUT) != 0 && (ready.events & (EPOLLERR | EPOLLHUP)) == 0) {
      static_cast<void>(send(fd, hello_.data(), hello_.size(), MSG_NOSIGNAL));
      epoll_event event{EPOLLIN, {.u64 = place}};
      check(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event), "epoll_ctl");
      return;
    }
    std::uint8_t first = 0;
    end(place, recv(fd, &first, 1, 0) == 1 ? answered_ : closed_);
  }

  void end(std::size_t place, std::size_t& count) {
    if (answered_ + closed_ == 0) {
      fmt::print("flooding\n");
      std::fflush(stdout);
    }
    ++count;
    places_[place].socket.reset();
  }

  const net::Endpoint to_;
  const net::SocketAddress from_;
  const double rate_;
  const Bytes hello_;
  const net::UniqueFd epoll_;
  std::vector<Place> places_{kAtOnce};
  double due_ = 0;  // connections
  Clock::time_point last_ = Clock::now();
  std::size_t answered_ = 0;
  std::size_t closed_ = 0;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 5) throw std::runtime_error("usage: dot_flood URI FROM-ADDRESS SECONDS RATE");
  const auto to = net::parse_endpoint(argv[1]);
  if (!to) throw std::runtime_error(to.error());
  const auto from = net::SocketAddress::parse(argv[2], 0);
  if (!from) throw std::runtime_error(from.error());
  const auto seconds = cli::parse_number(argv[3], 1, 60);
  if (!seconds) throw std::runtime_error(seconds.error());
  const auto rate = cli::parse_number(argv[4], 1, 1'000'000);
  if (!rate) throw std::runtime_error(rate.error());
  Flood(*to, *from, *rate).run(std::chrono::seconds(*seconds));
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "dot_flood: {}\n", error.what());
  return cli::internal;
}
