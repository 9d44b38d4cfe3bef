#include "common/net/tcp.h"

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/net/net_error.h"

namespace net {
namespace {

void set_option(int fd, int level, int name, int value, const char* what) {
  if (setsockopt(fd, level, name, &value, sizeof value) != 0) throw NetError::from_errno(what, errno);
}

UniqueFd tcp_socket(const SocketAddress& address) {
  UniqueFd fd(socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!fd.valid()) throw NetError::from_errno("open a TCP socket", errno);
  // Nagle's algorithm would hold back a query until the previous one is acknowledged.
  set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1, "set TCP_NODELAY");
  return fd;
}

}  // namespace

UniqueFd start_connect(const SocketAddress& address) {
  UniqueFd fd = tcp_socket(address);
  if (connect(fd.get(), address.get(), address.size()) != 0 && errno != EINPROGRESS && errno != EINTR)
    throw NetError::from_errno("connect to " + address.to_string(), errno);
  return fd;
}

bool is_connected(int fd, const std::string& peer) {
  pollfd entry{fd, POLLOUT, 0};
  if (poll(&entry, 1, 0) <= 0) return false;
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) throw NetError::from_errno("connect to " + peer, error);
  return true;
}

UniqueFd connect_tcp(const SocketAddress& address, Deadline deadline) {
  const std::string peer = address.to_string();
  UniqueFd fd = start_connect(address);
  while (!is_connected(fd.get(), peer)) wait_for(fd.get(), POLLOUT, deadline, "connect to " + peer);
  return fd;
}

UniqueFd listen_tcp(const SocketAddress& address, int backlog) {
  const std::string action = "listen on " + address.to_string();
  UniqueFd fd = tcp_socket(address);  // accepted sockets inherit TCP_NODELAY from it
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1, "set SO_REUSEADDR");
  if (address.family() == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1, "set IPV6_V6ONLY");
  if (bind(fd.get(), address.get(), address.size()) != 0 || listen(fd.get(), backlog) != 0)
    throw NetError::from_errno(action, errno);
  return fd;
}

void prepare_listener(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1, "set TCP_NODELAY");
}

IoResult TcpStream::try_read(std::span<std::uint8_t> into) {
  for (;;) {
    const ssize_t got = recv(socket_.get(), into.data(), into.size(), 0);
    if (got > 0) {
      const auto count = static_cast<std::size_t>(got);
      if (watcher_ != nullptr) watcher_->received(into.first(count));
      return {IoResult::Status::done, count};
    }
    if (got == 0) return {IoResult::Status::closed};
    if (errno == EAGAIN) return {IoResult::Status::want_read};
    if (errno != EINTR) throw NetError::from_errno("read from " + peer(), errno);
  }
}

IoResult TcpStream::try_write(ByteView from) {
  for (;;) {
    if (watcher_ != nullptr) watcher_->sending();
    const ssize_t sent = send(socket_.get(), from.data(), from.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      const auto count = static_cast<std::size_t>(sent);
      if (watcher_ != nullptr) watcher_->sent(from.first(count));
      return {IoResult::Status::done, count};
    }
    if (errno == EAGAIN) return {IoResult::Status::want_write};
    if (errno != EINTR) throw NetError::from_errno("write to " + peer(), errno);
  }
}

void TcpStream::close() noexcept {
  shutdown(socket_.get(), SHUT_WR);
}

}  // namespace net
