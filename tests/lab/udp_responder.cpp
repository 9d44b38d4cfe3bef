#include "tests/lab/udp_responder.h"

#include <cerrno>
#include <poll.h>
#include <sys/socket.h>

#include "common/net/deadline.h"
#include "common/net/net_error.h"

namespace lab {

using Clock = net::Deadline::Clock;

net::UniqueFd bind_udp(const net::SocketAddress& address) {
  net::UniqueFd fd(socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid() || bind(fd.get(), address.get(), address.size()) != 0)
    throw net::NetError::from_errno("listen on " + address.to_string(), errno);
  return fd;
}

void UdpResponder::run(int stop) {
  for (;;) {
    const auto next = due_.empty() ? net::Deadline::never() : net::Deadline::at(due_.begin()->first);
    pollfd entries[2] = {{socket_.get(), POLLIN, 0}, {stop, POLLIN, 0}};
    poll(entries, 2, next.poll_ms());
    if (entries[1].revents != 0) return;
    read_queries();
    send_due();
  }
}

void UdpResponder::read_queries() {
  std::uint8_t datagram[65535];
  for (;;) {
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    const ssize_t got =
        recvfrom(socket_.get(), datagram, sizeof datagram, 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return;
    const ByteView query(datagram, static_cast<std::size_t>(got));
    auto reply = responder_.respond(query, net::Transport::udp, dice_);
    if (!reply || reply->delivery != Delivery::whole) continue;  // a datagram comes whole or not at all
    const auto when = Clock::now() + reply->delay;
    due_.emplace(when, Due{net::SocketAddress::from(from, length), std::move(*reply)});
  }
}

void UdpResponder::send_due() {
  while (!due_.empty() && due_.begin()->first <= Clock::now()) {
    const auto& [to, reply] = due_.begin()->second;
    for (unsigned copy = 0; copy < reply.copies;
         ++copy)  // what the kernel has no room for is lost, as UDP is
      sendto(socket_.get(), reply.message.data(), reply.message.size(), MSG_NOSIGNAL, to.get(), to.size());
    due_.erase(due_.begin());
  }
}

}  // namespace lab
