// A cursor over a DNS message: one bounds check, and the first error sticks.
//
// Every getter is built on take(), which checks before it moves; a failed getter returns zeros (or an empty
// view), leaves the cursor where it is and notes the error. From then on nothing is left to read: all getters
// fail, at_end() holds, and the first error is the one that counts. So a decoder reads a whole structure
// straight down, loops until at_end(), and looks at ok() once. The reader borrows the message; one thread.
#pragma once

#include "common/bytes.h"
#include "common/dns/wire_error.h"

namespace dns {

class WireReader {
 public:
  explicit WireReader(ByteView message) : message_(message), end_(message.size()) {}

  // Big-endian, as everything in a DNS message is (RFC 1035 §2.3.2).
  std::uint8_t u8() {
    if (!take(1)) return 0;
    return message_[offset_ - 1];
  }
  std::uint16_t u16() {
    if (!take(2)) return 0;
    return static_cast<std::uint16_t>(message_[offset_ - 2] << 8 | message_[offset_ - 1]);
  }
  std::uint32_t u32() {
    if (!take(4)) return 0;
    const std::uint8_t* const at = &message_[offset_ - 4];
    return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
  }
  ByteView bytes(std::size_t count) {
    if (!take(count)) return {};
    return message_.subspan(offset_ - count, count);
  }
  ByteView rest() { return bytes(remaining()); }

  // A reader over the next `count` octets that still sees the whole message (compression pointers need it);
  // this one moves past them. Hand the window back to close(): an error in it, or octets it left unread,
  // become errors of this reader.
  WireReader window(std::size_t count);
  void close(const WireReader& window);

  // Notes an error here, or at that octet of the message, unless there is one already.
  void fail(WireFault fault, std::size_t wanted = 0, std::size_t got = 0);
  void fail_at(std::size_t offset, WireFault fault, std::size_t wanted = 0, std::size_t got = 0);

  bool ok() const { return ok_; }
  const WireError& error() const { return error_; }  // meaningful when !ok()

  std::size_t offset() const { return offset_; }  // from the start of the message, in windows too
  std::size_t remaining() const { return end_ - offset_; }
  bool at_end() const { return offset_ == end_; }
  ByteView message() const { return message_; }

 private:
  // Moves past `count` octets, or fails. The one bounds check there is; by subtraction, so it cannot wrap.
  bool take(std::size_t count) {
    if (count > end_ - offset_) {
      fail(WireFault::truncated, count, end_ - offset_);
      return false;
    }
    offset_ += count;
    return true;
  }

  ByteView message_;
  std::size_t offset_ = 0;
  std::size_t end_;  // one past the last octet to read; a failure moves it to offset_
  bool ok_ = true;
  WireError error_{};
};

}  // namespace dns
