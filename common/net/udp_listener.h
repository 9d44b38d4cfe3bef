// UDP for one who answers: datagrams taken in and sent out many at a time (recvmmsg, sendmmsg), each answer
// from the address that was asked, which matters where a host has several (IP_PKTINFO, IPV6_PKTINFO; RFC 5452
// §9.1). Several sockets may be bound to one address, one per thread: the kernel spreads the clients over
// them (SO_REUSEPORT). Non-blocking, close-on-exec; one thread at a time.
#pragma once

#include <array>
#include <span>
#include <sys/socket.h>
#include <vector>

#include "common/bytes.h"
#include "common/net/endpoint.h"
#include "common/net/unique_fd.h"

namespace net {

// Where a datagram came from and which of our addresses it was sent to: what an answer needs.
struct UdpPath {
  SocketAddress peer;
  alignas(
      cmsghdr) std::array<std::uint8_t, 40> control{};  // in_pktinfo or in6_pktinfo, as the kernel gave it
  std::size_t control_size = 0;

  SocketAddress asked(const SocketAddress& bound) const;  // which of our addresses; `bound` tells the port
};

class UdpListener {
 public:
  static constexpr std::size_t kBatch = 32;
  static constexpr std::size_t kMaxQuery = 4096;  // a larger datagram is dropped: no query is so long

  explicit UdpListener(const SocketAddress& address);
  explicit UdpListener(UniqueFd socket);  // that somebody else has opened and bound; non-blocking

  // Throws if another program of the same user has the address: SO_REUSEPORT would share it without a word.
  static void check_free(const SocketAddress& address);

  struct Received {
    std::span<std::uint8_t> datagram;  // may be changed in place
    const UdpPath* path;
  };
  // Up to kBatch datagrams that are there now; valid until the next call.
  std::span<const Received> receive();

  // Keeps a copy until flush(), or until the batch is full. A datagram that the kernel does not take is lost,
  // as datagrams may be.
  void send(const UdpPath& path, ByteView datagram);
  void flush();

  int fd() const { return socket_.get(); }

 private:
  void prepare(int family);

  UniqueFd socket_;
  std::vector<std::uint8_t> octets_;  // kBatch buffers of kMaxQuery
  std::array<UdpPath, kBatch> paths_;
  std::array<Received, kBatch> received_;

  struct Outgoing {
    UdpPath path;
    Bytes datagram;
  };
  std::array<Outgoing, kBatch> outgoing_;
  std::size_t outgoing_count_ = 0;
};

}  // namespace net
