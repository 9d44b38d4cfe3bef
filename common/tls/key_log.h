// The key log that Wireshark reads (SSLKEYLOGFILE): who has it can read every connection that it tells of.
// Appended to, for its owner alone to read, one write(2) per line: several threads and several processes may
// share a file.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "common/net/unique_fd.h"

namespace tls {

class KeyLog {
 public:
  explicit KeyLog(const std::string& file);  // throws NetError with the system's reason
  // Any thread. A full disk or pipe loses lines, and nothing else. True, once in its life, if this line is
  // the first that was lost; error() then says why.
  bool add(std::string_view line) const noexcept;
  int error() const { return error_; }  // errno; 0: nothing was lost

 private:
  net::UniqueFd file_;
  mutable std::atomic<int> error_ = 0;  // of the first line that was lost
};

}  // namespace tls
