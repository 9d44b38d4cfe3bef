// A stream to nowhere that is steered by a script of moves: each says how many octets the next read or write
// moves, 0 being "not now". The script over, all that there is.
#pragma once

#include "common/net/stream.h"
#include "tests/fuzz/fuzz.h"

namespace fuzz {

// The messages that these octets hold, cut without any of framing.h. True: nothing is left over.
inline bool cut(ByteView octets, std::vector<ByteView>& messages) {
  while (octets.size() >= 2) {
    const std::size_t length = static_cast<std::size_t>(octets[0]) << 8 | octets[1];
    if (octets.size() - 2 < length) break;
    messages.push_back(octets.subspan(2, length));
    octets = octets.subspan(2 + length);
  }
  return octets.empty();
}

// The writing half; reading is for who derives from it.
class SteeredStream : public net::Stream {
 public:
  explicit SteeredStream(Script moves) : Stream("script"), moves_(moves) {}

  void watch(net::Watcher&) override {}
  void close() noexcept override {}

  net::IoResult try_write(ByteView from) override {
    claim(!from.empty() && !leaving_);  // nothing is to be written before uncork() is done
    // Corked, a record at a time, as TLS takes it.
    const std::size_t count = corked_ ? std::min<std::size_t>(from.size(), 16384) : next(from.size());
    if (count == 0) return {net::IoResult::Status::want_write};
    move(from.first(count), corked_ ? held_ : written_);
    return {net::IoResult::Status::done, count};
  }

  void cork() override { corked_ = true; }
  net::IoResult::Status uncork() override {
    const std::size_t count = next(held_.size());
    move(ByteView(held_).first(count), written_);
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(count));
    corked_ = leaving_ = !held_.empty();
    return leaving_ ? net::IoResult::Status::want_write : net::IoResult::Status::done;
  }

  const Bytes& written() const { return written_; }

 protected:
  std::size_t next(std::size_t most) {
    return moves_.at_end() ? most : std::min<std::size_t>(moves_.octet(), most);
  }

 private:
  static void move(ByteView octets, Bytes& to) { to.insert(to.end(), octets.begin(), octets.end()); }

  Script moves_;
  Bytes written_;
  Bytes held_;
  bool corked_ = false;
  bool leaving_ = false;
};

}  // namespace fuzz
