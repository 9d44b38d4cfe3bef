// A connected byte stream, TCP or TLS, over a non-blocking socket. Two ways to use it:
//  - read_some() and write_all() wait, until a deadline;
//  - try_read() and try_write() do what can be done now and say what to poll(2) for: a session that watches
//    two streams at once uses these.
// One thread at a time owns a stream. Failures (reset, TLS alert, time-out) are thrown; after a throw the
// stream is good for nothing but destruction.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "common/bytes.h"
#include "common/net/deadline.h"

namespace net {

struct IoResult {
  enum class Status : std::uint8_t {
    done,        // `count` octets were moved, at least one
    want_read,   // nothing moved; try again when poll says POLLIN
    want_write,  // nothing moved; try again when poll says POLLOUT
    closed,      // reading only: the peer has ended its side in an orderly way
  };
  Status status;
  std::size_t count = 0;
};

// Looks over a stream's shoulder: told of every octet that passes the socket, on the stream's own thread,
// right after the system call. Over TLS these are the octets that everybody on the path sees.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // Right before a system call that writes: what it writes may be answered before sent() is called. It may
  // also write nothing.
  virtual void sending() noexcept {}
  virtual void sent(ByteView octets) noexcept = 0;
  virtual void received(ByteView octets) noexcept = 0;
};

class Stream {
 public:
  virtual ~Stream() = default;

  // From now on; the watcher must outlive the stream's last call.
  virtual void watch(Watcher& watcher) = 0;

  virtual int fd() const = 0;
  virtual IoResult try_read(std::span<std::uint8_t> into) = 0;
  virtual IoResult try_write(ByteView from) = 0;

  // Octets that try_read() would return although poll(2) sees nothing: a TLS record already taken in.
  virtual bool has_buffered() const { return false; }

  // From cork() on, what try_write() takes stays here; uncork() sends it, with one system call for many TLS
  // records. Unless it says `done`, call uncork() again when poll says so: nothing else is to be written
  // before. Streams that need no such thing ignore both.
  virtual void cork() {}
  virtual IoResult::Status uncork() { return IoResult::Status::done; }

  // Gives back what memory an idle stream can do without. Costs its next use an allocation or two.
  virtual void release() {}

  // Tells the peer that nothing more will come (TLS: close_notify, RFC 8446 §6.1). Does not wait, never
  // throws.
  virtual void close() noexcept = 0;

  std::size_t read_some(std::span<std::uint8_t> into, Deadline deadline);  // 0: closed by the peer
  void write_all(ByteView from, Deadline deadline);

  // "127.0.0.1:8443", for messages.
  const std::string& peer() const { return peer_; }

 protected:
  explicit Stream(std::string peer) : peer_(std::move(peer)) {}

 private:
  std::string peer_;
};

// poll(2) on one descriptor; throws NetError::timeout, its action being `action`.
void wait_for(int fd, short events, Deadline deadline, const std::string& action);

}  // namespace net
