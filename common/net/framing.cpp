#include "common/net/framing.h"

#include <cassert>
#include <cstring>
#include <poll.h>
#include <stdexcept>

#include "common/net/net_error.h"

namespace net {
namespace {

constexpr std::size_t kPrefix = 2;
// One read takes in several queries, and a padded query or answer (128 or 468 octets) never needs a second.
constexpr std::size_t kReadSize = 2048;

}  // namespace

std::span<std::uint8_t> OctetQueue::space(std::size_t at_least) {
  if (capacity_ - end_ < at_least) {
    const std::size_t length = size();
    if (length + at_least <= capacity_) {
      std::memmove(data_.get(), data_.get() + begin_, length);
    } else {
      const std::size_t grown = std::max(length + at_least, 2 * capacity_);
      auto larger = std::make_unique_for_overwrite<std::uint8_t[]>(grown);
      if (length > 0) std::memcpy(larger.get(), data_.get() + begin_, length);
      data_ = std::move(larger);
      capacity_ = grown;
    }
    begin_ = 0;
    end_ = length;
  }
  return {data_.get() + end_, capacity_ - end_};
}

void OctetQueue::used(std::size_t count) {
  assert(count <= size());
  begin_ += count;
  if (begin_ == end_) begin_ = end_ = 0;
}

void OctetQueue::append(ByteView octets) {
  if (octets.empty()) return;
  std::memcpy(space(octets.size()).data(), octets.data(), octets.size());
  added(octets.size());
}

void OctetQueue::release() {
  if (!empty()) return;
  data_.reset();
  capacity_ = begin_ = end_ = 0;
}

IoResult FrameReader::fill(Stream& stream) {
  const IoResult result = stream.try_read(buffer_.space(kReadSize));
  buffer_.added(result.count);
  return result;
}

std::optional<std::span<std::uint8_t>> FrameReader::next() {
  const ByteView octets = buffer_.contents();
  if (octets.size() < kPrefix) return std::nullopt;
  const std::size_t length = static_cast<std::size_t>(octets[0]) << 8 | octets[1];
  if (octets.size() - kPrefix < length) return std::nullopt;
  std::uint8_t* const message = buffer_.data() + kPrefix;
  buffer_.used(kPrefix + length);  // only moves the marks: the octets stay where they are until fill()
  return std::span<std::uint8_t>(message, length);
}

void FrameWriter::begin(std::size_t length) {
  if (length > kMaxFrame) throw std::length_error("a message longer than its length can say");
  const std::uint8_t prefix[kPrefix] = {static_cast<std::uint8_t>(length >> 8),
                                        static_cast<std::uint8_t>(length)};
  buffer_.append(prefix);
}

void FrameWriter::add(ByteView message) {
  begin(message.size());
  buffer_.append(message);
}

IoResult::Status FrameWriter::flush(Stream& stream) {
  while (!buffer_.empty()) {
    const IoResult result = stream.try_write(buffer_.contents());
    if (result.status != IoResult::Status::done) return result.status;
    buffer_.used(result.count);
  }
  return IoResult::Status::done;
}

IoResult::Status FrameWriter::flush_each(Stream& stream) {
  while (!buffer_.empty()) {
    if (corked_ == 0) {
      stream.cork();
      const ByteView octets = buffer_.contents();
      while (corked_ < octets.size()) {
        const ByteView rest = octets.subspan(corked_);
        const std::size_t frame = kPrefix + (static_cast<std::size_t>(rest[0]) << 8 | rest[1]);
        for (std::size_t written = 0; written < frame;) {  // a frame may be longer than a record
          const IoResult result = stream.try_write(rest.subspan(written, frame - written));
          if (result.status != IoResult::Status::done) throw std::logic_error("a corked stream takes all");
          written += result.count;
        }
        corked_ += frame;
      }
    }
    const IoResult::Status status = stream.uncork();
    if (status != IoResult::Status::done) return status;
    buffer_.used(corked_);
    corked_ = 0;
  }
  return IoResult::Status::done;
}

std::optional<Bytes> read_frame(Stream& stream, FrameReader& reader, Deadline deadline) {
  for (;;) {
    if (const auto message = reader.next()) return Bytes(message->begin(), message->end());
    const IoResult result = reader.fill(stream);
    if (result.status == IoResult::Status::done) continue;
    if (result.status == IoResult::Status::closed) {
      if (reader.mid_frame())
        throw NetError(NetError::Kind::closed, "read a whole message from " + stream.peer());
      return std::nullopt;
    }
    if (deadline.expired()) throw NetError(NetError::Kind::timeout, "read from " + stream.peer());
    wait_for(stream.fd(), result.status == IoResult::Status::want_write ? POLLOUT : POLLIN, deadline,
             "read from " + stream.peer());
  }
}

void write_frame(Stream& stream, ByteView message, Deadline deadline) {
  FrameWriter writer;
  writer.add(message);
  for (;;) {
    const IoResult::Status status = writer.flush(stream);
    if (status == IoResult::Status::done) return;
    if (deadline.expired()) throw NetError(NetError::Kind::timeout, "write to " + stream.peer());
    wait_for(stream.fd(), status == IoResult::Status::want_read ? POLLIN : POLLOUT, deadline,
             "write to " + stream.peer());
  }
}

}  // namespace net
