#include "common/net/udp.h"

#include <cerrno>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/net/net_error.h"
#include "common/net/stream.h"

namespace net {

UdpSocket UdpSocket::connect(const SocketAddress& peer) {
  UniqueFd fd(socket(peer.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
  if (!fd.valid()) throw NetError::from_errno("open a UDP socket", errno);
  if (::connect(fd.get(), peer.get(), peer.size()) != 0)
    throw NetError::from_errno("connect to " + peer.to_string(), errno);
  return {std::move(fd), peer.to_string()};
}

void UdpSocket::send(ByteView datagram, Deadline deadline) {
  for (;;) {
    if (::send(socket_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL) >= 0) return;
    if (errno == EAGAIN)
      wait_for(socket_.get(), POLLOUT, deadline, "write to " + peer_);
    else if (errno != EINTR)
      throw NetError::from_errno("write to " + peer_, errno);
  }
}

std::optional<std::size_t> UdpSocket::receive(std::span<std::uint8_t> into, Deadline deadline) {
  for (;;) {
    const ssize_t got = recv(socket_.get(), into.data(), into.size(), 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EAGAIN && errno != EINTR) throw NetError::from_errno("read from " + peer_, errno);
    // A datagram that is there already is worth having even after the deadline. A caller that passes over
    // what it gets looks at the deadline by itself.
    if (deadline.expired()) return std::nullopt;
    pollfd entry{socket_.get(), POLLIN, 0};
    if (poll(&entry, 1, deadline.poll_ms()) < 0 && errno != EINTR)
      throw NetError::from_errno("read from " + peer_, errno);
  }
}

}  // namespace net
