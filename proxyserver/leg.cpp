#include "proxyserver/leg.h"

#include "common/net/net_error.h"
#include "common/net/tcp.h"

using net::IoResult;
using net::NetError;

bool Leg::write(Clock::time_point now) {
  if (!lease->connected)  // here, lest a refusal look as if TLS had failed
    lease->connected = net::is_connected(lease->stream->fd(), lease->stream->peer());
  wants_write = !lease->connected;
  if (wants_write) return false;
  // want_read: a TLS handshake is under way; its next flight wakes us anyway.
  const IoResult::Status status = single_records && carried ? lease->writer.flush_each(*lease->stream)
                                                            : lease->writer.flush(*lease->stream);
  wants_write = status == IoResult::Status::want_write;
  if (status != IoResult::Status::done) return false;
  if (!carried) carried = now;
  return true;
}

bool Leg::fill() {
  const IoResult result = lease->reader.fill(*lease->stream);
  if (result.status == IoResult::Status::closed)
    throw NetError(NetError::Kind::closed, "wait for an answer from " + lease->stream->peer());
  read_wants_write = result.status == IoResult::Status::want_write;
  return result.status == IoResult::Status::done;
}

pollfd Leg::poll_entry(bool reads) const {
  const int events =
      (reads && !read_wants_write ? POLLIN : 0) | (wants_write || read_wants_write ? POLLOUT : 0);
  return {lease->stream->fd(), static_cast<short>(events), 0};
}

bool Leg::fit_for_pool() const {
  return lease->proven && !owes_late_one && lease->writer.empty() && !lease->reader.mid_frame();
}
