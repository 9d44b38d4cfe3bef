// TCP: connecting, listening, and the plain stream. All sockets are non-blocking, close-on-exec and
// TCP_NODELAY.
#pragma once

#include "common/net/endpoint.h"
#include "common/net/stream.h"
#include "common/net/unique_fd.h"

namespace net {

// Begins a connection and returns at once.
UniqueFd start_connect(const SocketAddress& address);

// Whether it stands by now; throws NetError with the kernel's reason if it never will. `peer` is for its
// text.
bool is_connected(int fd, const std::string& peer);

// Waits until the connection stands; throws NetError with the kernel's reason.
UniqueFd connect_tcp(const SocketAddress& address, Deadline deadline);

// Bound and listening. SO_REUSEADDR, so that a restart need not wait; IPv6 sockets take IPv6 alone.
UniqueFd listen_tcp(const SocketAddress& address, int backlog);

// For a listening socket that somebody else has opened: what those above have.
void prepare_listener(int fd);

class TcpStream final : public Stream {
 public:
  TcpStream(UniqueFd socket, std::string peer) : Stream(std::move(peer)), socket_(std::move(socket)) {}

  void watch(Watcher& watcher) override { watcher_ = &watcher; }
  int fd() const override { return socket_.get(); }
  IoResult try_read(std::span<std::uint8_t> into) override;
  IoResult try_write(ByteView from) override;
  void close() noexcept override;

 private:
  UniqueFd socket_;
  Watcher* watcher_ = nullptr;
};

}  // namespace net
