#include "common/net/stream.h"

#include <cerrno>
#include <poll.h>

#include "common/net/net_error.h"

namespace net {

void wait_for(int fd, short events, Deadline deadline, const std::string& action) {
  for (;;) {
    pollfd entry{fd, events, 0};
    const int ready = poll(&entry, 1, deadline.poll_ms());
    if (ready > 0) return;
    if (ready == 0 && deadline.expired()) throw NetError(NetError::Kind::timeout, action);
    if (ready < 0 && errno != EINTR) throw NetError::from_errno(action, errno);
  }
}

std::size_t Stream::read_some(std::span<std::uint8_t> into, Deadline deadline) {
  for (;;) {
    const IoResult result = try_read(into);
    if (result.status == IoResult::Status::done) return result.count;
    if (result.status == IoResult::Status::closed) return 0;
    // The check precedes the wait: a peer that always has something to read, and never an octet of ours in it
    // (TLS key updates), must not keep us beyond the deadline.
    if (deadline.expired()) throw NetError(NetError::Kind::timeout, "read from " + peer_);
    wait_for(fd(), result.status == IoResult::Status::want_write ? POLLOUT : POLLIN, deadline,
             "read from " + peer_);
  }
}

void Stream::write_all(ByteView from, Deadline deadline) {
  while (!from.empty()) {
    const IoResult result = try_write(from);
    if (result.status == IoResult::Status::done) {
      from = from.subspan(result.count);
      continue;
    }
    if (deadline.expired()) throw NetError(NetError::Kind::timeout, "write to " + peer_);
    wait_for(fd(), result.status == IoResult::Status::want_read ? POLLIN : POLLOUT, deadline,
             "write to " + peer_);
  }
}

}  // namespace net
