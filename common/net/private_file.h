// Files for their owner alone to read (mode 0600), whatever was there before.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "common/bytes.h"
#include "common/net/unique_fd.h"

namespace net {

// Opens `file` for writing, and makes it if need be; `flags` are O_APPEND or O_TRUNC, `purpose` begins the
// NetError if that fails. A file that was there is its owner's alone from now on; if it cannot be, being
// somebody else's, that is a failure. A symbolic link is followed: /dev/stderr is one. Never waits: a pipe
// must have a reader, and one that is full takes no more (EAGAIN).
UniqueFd open_private(const std::string& purpose, const std::string& file, int flags);

// Appends `line` in one write(2), so that several threads and processes may share the file. Returns 0, or the
// errno with which the line, or its end, was lost.
int append_line(int fd, std::string_view line) noexcept;

// A file of secrets that grows: made again, and whole after every append, so that its writer may be killed at
// any time.
class PrivateFile {
 public:
  explicit PrivateFile(const std::string& file);  // what was there is lost; throws NetError with the reason

  // All of it or, on a full disk, nothing, and nothing from then on: false, and error() tells. Waits at most
  // a second for who reads a pipe. Any thread.
  bool append(ByteView octets) noexcept;
  int error() const { return error_; }  // errno

  void remove() noexcept;  // the file itself, unless it is a device or a pipe

 private:
  const std::string name_;
  UniqueFd fd_;
  const bool is_regular_;
  std::mutex mutex_;  // guards what follows
  off_t size_ = 0;
  int error_ = 0;
};

}  // namespace net
