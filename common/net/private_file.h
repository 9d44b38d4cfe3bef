// A file of secrets that grows: made anew, for its owner alone to read, and whole after every append, so that
// its writer may be killed at any time.
#pragma once

#include <mutex>
#include <string>

#include "common/bytes.h"
#include "common/net/unique_fd.h"

namespace net {

class PrivateFile {
 public:
  explicit PrivateFile(const std::string& file);  // what was there is lost; throws NetError with the reason

  // All of it or, on a full disk, nothing, and nothing from then on: false, and error() tells. Any thread.
  bool append(ByteView octets) noexcept;
  int error() const { return error_; }  // errno

  void remove() noexcept;  // the file itself, unless it is a device or a pipe

 private:
  const std::string name_;
  UniqueFd fd_;
  bool is_regular_ = false;
  std::mutex mutex_;  // guards what follows
  off_t size_ = 0;
  int error_ = 0;
};

}  // namespace net
