#include "tests/lab/lab_server.h"

#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "common/log.h"
#include "common/net/net_error.h"
#include "common/net/tcp.h"
#include "common/tls/tls_stream.h"
#include "tests/lab/scripted_peer.h"
#include "tests/lab/stream_connection.h"
#include "tests/lab/udp_responder.h"

namespace lab {
namespace {

constexpr int kBacklog = 1024;
// While accept(2) fails for lack of descriptors, the listener stays readable: look again, but not at once.
constexpr int kAcceptPauseMs = 50;

constexpr int kPortAttempts = 16;

// A resolver has one port for TCP and UDP: who is cut short over UDP comes back over TCP (RFC 7766 §5). So
// where any port would do for UDP, it is the last one that TCP got.
net::UniqueFd listen_udp(const net::SocketAddress& address, std::uint16_t tcp_port) {
  const bool any = address.port() == 0 && tcp_port != 0;
  return bind_udp(any ? *net::SocketAddress::parse(address.host(), tcp_port) : address);
}

}  // namespace

LabServer::LabServer(const std::vector<net::Endpoint>& endpoints, Parts parts)
    : parts_(parts), dice_(parts.seed), stopping_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!stopping_.valid()) throw net::NetError::from_errno("make an eventfd", errno);
  for (int attempt = 1;; ++attempt) {  // somebody else may have that port of UDP: then another of TCP
    try {
      listen(endpoints);
      return;
    } catch (const net::NetError&) {
      if (attempt == kPortAttempts) throw;
    }
  }
}

void LabServer::listen(const std::vector<net::Endpoint>& endpoints) {
  listeners_.clear();
  std::uint16_t tcp_port = 0;
  for (const net::Endpoint& endpoint : endpoints) {
    const bool udp = endpoint.transport == net::Transport::udp;
    net::UniqueFd fd =
        udp ? listen_udp(endpoint.address, tcp_port) : net::listen_tcp(endpoint.address, kBacklog);
    if (endpoint.transport == net::Transport::tcp) tcp_port = net::SocketAddress::of_socket(fd.get()).port();
    listeners_.push_back({std::move(fd), endpoint.transport});
  }
}

LabServer::~LabServer() {
  eventfd_write(stopping_.get(), 1);
  for (Worker& worker : workers_)
    if (worker.thread.joinable()) worker.thread.join();  // the last one may never have been started
}

std::vector<net::Endpoint> LabServer::listening() const {
  std::vector<net::Endpoint> endpoints;
  endpoints.reserve(listeners_.size());
  for (const Listener& listener : listeners_)
    endpoints.push_back({listener.transport, net::SocketAddress::of_socket(listener.fd.get()), ""});
  return endpoints;
}

template <typename Task>
void LabServer::start(Task task) {
  Worker& worker = workers_.emplace_back();
  worker.thread = std::thread([&worker, work = std::move(task)]() mutable {
    work();
    worker.done = true;
  });
}

void LabServer::join_finished() {
  workers_.remove_if([](Worker& worker) {
    if (!worker.done) return false;
    worker.thread.join();
    return true;
  });
}

void LabServer::run(int stop) {
  std::vector<pollfd> entries = {{stop, POLLIN, 0}};
  std::vector<const Listener*> streams;
  for (Listener& listener : listeners_) {
    if (listener.transport == net::Transport::udp) {
      start([this, dice = Dice(dice_()), fd = std::move(listener.fd)]() mutable {
        UdpResponder(std::move(fd), parts_.responder, dice).run(stopping_.get());
      });
    } else {
      entries.push_back({listener.fd.get(), POLLIN, 0});
      streams.push_back(&listener);
    }
  }
  while (entries[0].revents == 0) {
    poll(entries.data(), entries.size(), -1);
    for (std::size_t i = 1; i < entries.size(); ++i)
      if (entries[i].revents != 0) accept_all(*streams[i - 1]);
    join_finished();
  }
}

void LabServer::accept_all(const Listener& listener) {
  for (;;) {
    net::UniqueFd socket(accept4(listener.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.valid()) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno != EAGAIN) poll(nullptr, 0, kAcceptPauseMs);
      return;
    }
    start([this, transport = listener.transport, dice = Dice(dice_()), fd = std::move(socket)]() mutable {
      serve(std::move(fd), transport, dice);
    });
  }
}

void LabServer::serve(net::UniqueFd socket, net::Transport transport, Dice dice) const try {
  if (transport == net::Transport::tls && is_scripted(parts_.faults))
    return play_scripted_peer(std::move(socket), parts_.faults, stopping_.get());
  const std::string peer = net::SocketAddress::of_peer(socket.get()).to_string();
  std::unique_ptr<net::Stream> stream;
  if (transport == net::Transport::tls)
    stream = std::make_unique<tls::TlsStream>(std::move(socket), parts_.context, peer);
  else
    stream = std::make_unique<net::TcpStream>(std::move(socket), peer);
  StreamConnection(std::move(stream), transport, parts_.responder, parts_.faults, dice).run(stopping_.get());
} catch (const std::exception& error) {
  // Clients that vanish, or do not trust us, are what a classroom is full of.
  logging::write(logging::Level::debug, "connection ended", logging::field("reason", error.what()));
}

}  // namespace lab
