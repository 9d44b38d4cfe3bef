// The client of a fuzzed session: what it sends comes in pieces, is taken in pieces, and poll(2) is told the
// truth about it, so that a session that leaves octets behind goes to sleep over them.
#pragma once

#include <functional>

#include "common/net/unique_fd.h"
#include "tests/fuzz/steered_stream.h"

namespace fuzz {

class ScriptedClient final : public SteeredStream {
 public:
  // `turn` is called whenever the session is about to poll: the time for the rest of the world to move.
  ScriptedClient(Script moves, ByteView octets, bool resets, std::function<void()> turn);

  // For the session, whose wait() alone asks for it, once each time.
  int fd() const override;

  net::IoResult try_read(std::span<std::uint8_t> into) override;
  bool has_buffered() const override { return !buffer_.empty(); }

  bool reads_again() const { return reads_again_; }  // the last read asked to be repeated
  ByteView given() const {
    return octets_.first(octets_.size() - coming_.size() - arrived_.size() - buffer_.size());
  }

 private:
  void arrive();

  const ByteView octets_;  // coming_, arrived_ and buffer_ are its end, one behind the other from the back
  ByteView coming_;
  ByteView arrived_;  // at the socket
  ByteView buffer_;   // taken from there, but not given yet: poll(2) does not see these
  const bool resets_;
  const std::function<void()> turn_;
  const net::UniqueFd event_;
  bool reads_again_ = false;
};

}  // namespace fuzz
