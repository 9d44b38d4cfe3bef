// The key log that Wireshark reads (SSLKEYLOGFILE): who has it can read every connection that it tells of.
// Appended to, for its owner alone to read, one write(2) per line: several threads and several processes may
// share a file.
#pragma once

#include <string>
#include <string_view>

#include "common/net/unique_fd.h"

namespace tls {

class KeyLog {
 public:
  explicit KeyLog(const std::string& file);  // throws NetError with the system's reason
  // Any thread. A full disk or pipe loses lines, and nothing else.
  void add(std::string_view line) const noexcept;

 private:
  net::UniqueFd file_;
};

}  // namespace tls
