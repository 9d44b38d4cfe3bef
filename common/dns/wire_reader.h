// A cursor over a DNS message: one bounds check, and the first error sticks.
//
// Every getter is built on take(), which checks before it moves; a failed getter returns zeros (or an empty
// view), leaves the cursor where it is and notes the error, and from then on all getters fail. So a decoder
// reads a whole structure straight down and looks at ok() once. The reader borrows the message; one thread.
#pragma once

#include "common/bytes.h"
#include "common/dns/wire_error.h"

namespace dns {

class WireReader {
 public:
  explicit WireReader(ByteView message) : message_(message), end_(message.size()) {}

  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  ByteView bytes(std::size_t count);
  ByteView rest() { return bytes(remaining()); }

  // A reader over the next `count` octets that still sees the whole message (compression pointers need it);
  // this one moves past them. Hand the window back to close(): an error in it, or octets it left unread,
  // become errors of this reader.
  WireReader window(std::size_t count);
  void close(const WireReader& window);

  void fail(WireFault fault, std::size_t wanted = 0, std::size_t got = 0);
  void fail_at(std::size_t offset, WireFault fault, std::size_t wanted = 0, std::size_t got = 0);

  bool ok() const { return ok_; }
  const WireError& error() const { return error_; }  // meaningful when !ok()

  std::size_t offset() const { return offset_; }  // from the start of the message, in windows too
  std::size_t remaining() const { return end_ - offset_; }
  bool at_end() const { return offset_ == end_; }
  ByteView message() const { return message_; }

 private:
  bool take(std::size_t count);  // moves past `count` octets, or fails

  ByteView message_;
  std::size_t offset_ = 0;
  std::size_t end_;
  bool ok_ = true;
  WireError error_{};
};

}  // namespace dns
