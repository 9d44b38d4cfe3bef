// UDP: a connected socket for one who asks. The kernel lets in only what comes from the peer's address and
// port (RFC 5452 §9.1: half of what a reply must match; ID and question are the caller's half), and hands on
// an ICMP "port unreachable" as NetError::refused. Its local port is chosen at random (RFC 5452 §9.2).
// Non-blocking, close-on-exec; one thread at a time.
#pragma once

#include <optional>

#include "common/bytes.h"
#include "common/net/deadline.h"
#include "common/net/endpoint.h"
#include "common/net/unique_fd.h"

namespace net {

inline constexpr std::size_t kMaxDatagram = 65535;

class UdpSocket {
 public:
  // Sends nothing: over UDP only the first answer tells that somebody is there.
  static UdpSocket connect(const SocketAddress& peer);

  void send(ByteView datagram, Deadline deadline);

  // The size of the next whole datagram, now at the beginning of `into`; nullopt: none came by `deadline`,
  // which is no error here, since the caller may want to ask again. What does not fit is cut off.
  std::optional<std::size_t> receive(std::span<std::uint8_t> into, Deadline deadline);

  int fd() const { return socket_.get(); }
  const std::string& peer() const { return peer_; }

 private:
  UdpSocket(UniqueFd socket, std::string peer) : socket_(std::move(socket)), peer_(std::move(peer)) {}

  UniqueFd socket_;
  std::string peer_;
};

}  // namespace net
