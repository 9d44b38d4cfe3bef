#include "tests/support/raw_upstream.h"

#include <array>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "common/net/tcp.h"
#include "common/tls/issue/issue.h"

RawLink::RawLink(net::UniqueFd socket, const tls::RawPeer& listener)
    : socket_(std::move(socket)), tls_(listener.again()) {}

void RawLink::send_raw(ByteView octets) {
  while (!octets.empty()) {  // the socket blocks, but not for longer than its SO_SNDTIMEO
    const ssize_t sent = ::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent <= 0) throw std::runtime_error("the proxy went away, or does not read");
    octets = octets.subspan(static_cast<std::size_t>(sent));
  }
}

void RawLink::send_sealed(ByteView octets) {
  tls_.write(octets);
  push();
}

void RawLink::send(const dns::Message& message) {
  const Bytes wire = dns::encode(message);
  Bytes frame = {static_cast<std::uint8_t>(wire.size() >> 8), static_cast<std::uint8_t>(wire.size())};
  frame.insert(frame.end(), wire.begin(), wire.end());
  send_sealed(frame);
}

void RawLink::hang_up() {
  throw std::runtime_error("hung up");
}

RawUpstream::RawUpstream(Script script, First first)
    : script_(std::move(script)),
      first_(std::move(first)),
      listener_(net::listen_tcp(*net::SocketAddress::parse("127.0.0.1", 0), 128)),
      stopping_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  tls::IssueOptions options;
  options.common_name = "raw upstream";
  options.names = {"IP:127.0.0.1"};
  const tls::Identity identity = tls::issue_self_signed(options);
  tls::write_file(directory_.file("cert.pem"), identity.certificate, false);
  tls::write_file(directory_.file("key.pem"), identity.key, true);
  tls::RawOptions server;
  server.cert_file = directory_.file("cert.pem");
  server.key_file = directory_.file("key.pem");
  peer_.emplace(server);
  accepting_ = std::thread([this] { accept_all(); });
}

RawUpstream::~RawUpstream() {
  eventfd_write(stopping_.get(), 1);
  accepting_.join();
  for (std::thread& connection : connections_) connection.join();
}

Arguments RawUpstream::as_upstream() const {
  return {"--upstream", "tls://" + net::SocketAddress::of_socket(listener_.get()).to_string(),
          "--upstream-ca", directory_.file("cert.pem")};
}

bool RawUpstream::wait(int fd) const {
  pollfd entries[2] = {{fd, POLLIN, 0}, {stopping_.get(), POLLIN, 0}};
  poll(entries, 2, -1);
  return entries[1].revents == 0;
}

void RawUpstream::accept_all() {
  while (wait(listener_.get())) {
    net::UniqueFd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket.valid()) continue;
    const timeval patience{2, 0};
    setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    connections_.emplace_back([this, fd = std::move(socket)]() mutable { serve(std::move(fd)); });
  }
}

void RawUpstream::serve(net::UniqueFd socket) try {
  RawLink link(std::move(socket), *peer_);
  if (first_) first_(link);
  while (wait(link.socket_.get()) && take(link)) {
  }
} catch (const std::exception&) {
  // The script has hung up, or the proxy has, as they may.
}

bool RawUpstream::take(RawLink& link) {
  std::array<std::uint8_t, 4096> octets;
  const ssize_t got = recv(link.socket_.get(), octets.data(), octets.size(), 0);
  if (got <= 0) return false;
  link.tls_.receive(ByteView(octets).first(static_cast<std::size_t>(got)));
  if (!link.tls_.handshake()) {
    link.push();
    return true;
  }
  const Bytes sealed = link.tls_.read();
  link.push();
  link.received_.insert(link.received_.end(), sealed.begin(), sealed.end());
  while (link.received_.size() >= 2) {
    const std::size_t length = link.received_[0] * 256U + link.received_[1];
    if (link.received_.size() < 2 + length) break;
    const auto query = dns::decode(ByteView(link.received_).subspan(2, length));
    link.received_.erase(link.received_.begin(),
                         link.received_.begin() + static_cast<std::ptrdiff_t>(2 + length));
    script_(link, query.value());
  }
  return true;
}
