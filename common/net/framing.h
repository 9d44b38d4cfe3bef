// DNS over a stream: each message behind its length in two octets, big-endian (RFC 1035 §4.2.2, RFC 7766 §8).
//
//    +----+----+---------------------------+----+----+------
//    | length  |  message (length octets)  | length  | ...
//    +----+----+---------------------------+----+----+------
//
// FrameReader cuts whole messages out of a stream; FrameWriter gathers messages so that lengths and messages
// leave in one write. Both grow with the octets that are there, never by an announced length, and give their
// memory back when told that all is quiet. One thread.
#pragma once

#include <memory>
#include <optional>

#include "common/bytes.h"
#include "common/net/stream.h"

namespace net {

inline constexpr std::size_t kMaxFrame = 65535;

// Octets between two marks in memory that is not zeroed first: fill at the back, use at the front.
class OctetQueue {
 public:
  ByteView contents() const { return {data_.get() + begin_, end_ - begin_}; }
  std::uint8_t* data() { return data_.get() + begin_; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  std::span<std::uint8_t> space(std::size_t at_least);  // room behind the contents; moves or grows them
  void added(std::size_t count) { end_ += count; }
  void used(std::size_t count);
  void append(ByteView octets);
  void release();  // when empty: frees the memory

 private:
  std::unique_ptr<std::uint8_t[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

class FrameReader {
 public:
  // One try_read() from `stream` into the buffer.
  IoResult fill(Stream& stream);

  // The next whole message, valid until the next call of fill() or next(); it may be changed in place.
  // nullopt: more octets are needed.
  std::optional<std::span<std::uint8_t>> next();

  bool mid_frame() const { return !buffer_.empty(); }  // after next() said nullopt: a frame has begun
  void release() { buffer_.release(); }

 private:
  OctetQueue buffer_;
};

class FrameWriter {
 public:
  void add(ByteView message);  // throws std::length_error beyond 65,535 octets: the length would lie
  // For a message composed of parts: begin with its whole length, then the parts.
  void begin(std::size_t length);
  void part(ByteView octets) { buffer_.append(octets); }

  bool empty() const { return buffer_.empty(); }
  std::size_t size() const { return buffer_.size(); }

  // Writes what the stream takes now. done: all of it is gone.
  IoResult::Status flush(Stream& stream);
  // The same, but every message in a TLS record of its own: some clients (dnsdist 1.7) leave a second message
  // in a record unread until the next record comes. Whole messages only, on a stream that corks and whose
  // handshake is done. They count as written once the last of them has left.
  IoResult::Status flush_each(Stream& stream);
  void release() { buffer_.release(); }

 private:
  OctetQueue buffer_;
  std::size_t corked_ = 0;  // flush_each(): so much of the contents is the stream's already, but has not left
};

// One whole message, waiting until `deadline`; nullopt: the stream ended between two messages. Ending inside
// one throws NetError::closed.
std::optional<Bytes> read_frame(Stream& stream, FrameReader& reader, Deadline deadline);
void write_frame(Stream& stream, ByteView message, Deadline deadline);

}  // namespace net
