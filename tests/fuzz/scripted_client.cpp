#include "tests/fuzz/scripted_client.h"

#include <sys/eventfd.h>

#include "common/net/net_error.h"

namespace fuzz {

using Status = net::IoResult::Status;

// Always writable; readable while its count is not zero.
ScriptedClient::ScriptedClient(Script moves, ByteView octets, bool resets, std::function<void()> turn)
    : SteeredStream(moves),
      octets_(octets),
      coming_(octets),
      resets_(resets),
      turn_(std::move(turn)),
      event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  claim(event_.valid());
}

int ScriptedClient::fd() const {
  turn_();
  const_cast<ScriptedClient*>(this)->arrive();
  return event_.get();
}

// At least one octet, unless some lie at the socket already: a session that reads gets on.
void ScriptedClient::arrive() {
  if (arrived_.empty()) {
    const std::size_t count = std::min(next(coming_.size()) + 1, coming_.size());
    arrived_ = coming_.first(count);
    coming_ = coming_.subspan(count);
  }
  eventfd_write(event_.get(), 1);  // octets, or the end
}

net::IoResult ScriptedClient::try_read(std::span<std::uint8_t> into) {
  claim(!into.empty());
  reads_again_ = false;
  if (buffer_.empty()) {
    std::swap(buffer_, arrived_);
    if (!coming_.empty()) {
      eventfd_t count = 0;
      eventfd_read(event_.get(), &count);
    }
  }
  if (buffer_.empty()) {
    if (!coming_.empty()) return {Status::want_read};
    if (resets_) throw net::NetError(net::NetError::Kind::reset, "read from " + peer());
    return {Status::closed};
  }
  const std::size_t count = next(std::min(into.size(), buffer_.size()));
  reads_again_ = count == 0;
  if (reads_again_) return {Status::want_write};  // as TLS does that has a KeyUpdate to answer first
  std::ranges::copy(buffer_.first(count), into.begin());
  buffer_ = buffer_.subspan(count);
  return {Status::done, count};
}

}  // namespace fuzz
