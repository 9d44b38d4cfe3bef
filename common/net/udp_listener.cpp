#include "common/net/udp_listener.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>

#include "common/net/net_error.h"

namespace net {
namespace {

// A burst of queries waits here until its worker comes to read it; beyond, the kernel drops them. It grants
// as much of this as net.core.rmem_max allows; its default holds some 280 small datagrams.
constexpr int kReceiveBuffer = 4 * 1024 * 1024;

void set_value(int fd, int level, int name, int value, const char* what) {
  if (setsockopt(fd, level, name, &value, sizeof value) != 0) throw NetError::from_errno(what, errno);
}

void set_option(int fd, int level, int name, const char* what) {
  set_value(fd, level, name, 1, what);
}

// Which of our addresses was asked is for the answer; by which interface it leaves is for the routing table,
// except where the address means something on one link only.
void forget_interface(const msghdr& header) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(const_cast<msghdr*>(&header), c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      reinterpret_cast<in_pktinfo*>(CMSG_DATA(c))->ipi_ifindex = 0;
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      auto* info = reinterpret_cast<in6_pktinfo*>(CMSG_DATA(c));
      if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr)) info->ipi6_ifindex = 0;
    }
  }
}

}  // namespace

SocketAddress UdpPath::asked(const SocketAddress& bound) const {
  sockaddr_storage storage{};
  std::memcpy(&storage, bound.get(), bound.size());
  msghdr header{};
  header.msg_control = const_cast<std::uint8_t*>(control.data());
  header.msg_controllen = control_size;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
      reinterpret_cast<sockaddr_in&>(storage).sin_addr =
          reinterpret_cast<const in_pktinfo*>(CMSG_DATA(c))->ipi_addr;
    else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
      reinterpret_cast<sockaddr_in6&>(storage).sin6_addr =
          reinterpret_cast<const in6_pktinfo*>(CMSG_DATA(c))->ipi6_addr;
  }
  return SocketAddress::from(storage, bound.size());
}

UdpListener::UdpListener(const SocketAddress& address)
    : socket_(socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP)),
      octets_(kBatch * kMaxQuery) {
  if (!socket_.valid()) throw NetError::from_errno("open a UDP socket", errno);
  set_option(fd(), SOL_SOCKET, SO_REUSEPORT, "set SO_REUSEPORT");
  if (address.family() == AF_INET6) set_option(fd(), IPPROTO_IPV6, IPV6_V6ONLY, "set IPV6_V6ONLY");
  prepare(address.family());
  if (bind(fd(), address.get(), address.size()) != 0)
    throw NetError::from_errno("listen on " + address.to_string(), errno);
}

UdpListener::UdpListener(UniqueFd socket) : socket_(std::move(socket)), octets_(kBatch * kMaxQuery) {
  prepare(SocketAddress::of_socket(fd()).family());
}

void UdpListener::prepare(int family) {
  set_value(fd(), SOL_SOCKET, SO_RCVBUF, kReceiveBuffer, "set SO_RCVBUF");
  if (family == AF_INET6)
    set_option(fd(), IPPROTO_IPV6, IPV6_RECVPKTINFO, "set IPV6_RECVPKTINFO");
  else
    set_option(fd(), IPPROTO_IP, IP_PKTINFO, "set IP_PKTINFO");
}

void UdpListener::check_free(const SocketAddress& address) {
  const UniqueFd probe(socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP));
  if (!probe.valid()) throw NetError::from_errno("open a UDP socket", errno);
  if (address.family() == AF_INET6) set_option(probe.get(), IPPROTO_IPV6, IPV6_V6ONLY, "set IPV6_V6ONLY");
  if (bind(probe.get(), address.get(), address.size()) != 0)
    throw NetError::from_errno("listen on " + address.to_string(), errno);
}

std::span<const UdpListener::Received> UdpListener::receive() {
  std::array<mmsghdr, kBatch> headers{};
  std::array<iovec, kBatch> vectors;
  std::array<sockaddr_storage, kBatch> peers;
  for (std::size_t i = 0; i < kBatch; ++i) {
    vectors[i] = {octets_.data() + i * kMaxQuery, kMaxQuery};
    msghdr& header = headers[i].msg_hdr;
    header.msg_name = &peers[i];
    header.msg_namelen = sizeof peers[i];
    header.msg_iov = &vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = paths_[i].control.data();
    header.msg_controllen = paths_[i].control.size();
  }
  const int count = recvmmsg(fd(), headers.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (count < 0) return {};  // EAGAIN, or a passing lack of memory: poll(2) tells when to come again
  std::size_t kept = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const msghdr& header = headers[i].msg_hdr;
    if ((header.msg_flags & MSG_TRUNC) != 0) continue;
    paths_[i].peer = SocketAddress::from(peers[i], header.msg_namelen);
    if (paths_[i].peer.port() == 0) continue;  // nobody can be answered there
    paths_[i].control_size = header.msg_controllen;
    forget_interface(header);
    received_[kept++] = {{octets_.data() + i * kMaxQuery, headers[i].msg_len}, &paths_[i]};
  }
  return std::span(received_).first(kept);
}

void UdpListener::send(const UdpPath& path, ByteView datagram) {
  Outgoing& next = outgoing_[outgoing_count_++];
  next.path = path;
  next.datagram.assign(datagram.begin(), datagram.end());
  if (outgoing_count_ == kBatch) flush();
}

void UdpListener::flush() {
  std::array<mmsghdr, kBatch> headers{};
  std::array<iovec, kBatch> vectors;
  for (std::size_t i = 0; i < outgoing_count_; ++i) {
    Outgoing& out = outgoing_[i];
    vectors[i] = {out.datagram.data(), out.datagram.size()};
    msghdr& header = headers[i].msg_hdr;
    header.msg_name = const_cast<sockaddr*>(out.path.peer.get());
    header.msg_namelen = out.path.peer.size();
    header.msg_iov = &vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = out.path.control.data();
    header.msg_controllen = out.path.control_size;
  }
  // A datagram that the kernel does not take stops the batch: it is lost, as datagrams may be, and the others
  // go on.
  for (std::size_t sent = 0; sent < outgoing_count_;) {
    const int count = sendmmsg(fd(), &headers[sent], static_cast<unsigned>(outgoing_count_ - sent), 0);
    sent += count > 0 ? static_cast<std::size_t>(count) : 1;
  }
  outgoing_count_ = 0;
}

}  // namespace net
