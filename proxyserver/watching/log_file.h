// A file of the proxy's that grows by lines, and that another program may take away (logrotate(8)): it can be
// opened again under its name.
#pragma once

#include <string>

#include "common/net/unique_fd.h"

// Any thread: the descriptor stays the same, and what it stands for changes at once for all who write.
class LogFile {
 public:
  // "-" is a copy of the descriptor `dash`. `purpose` begins the NetError that it throws. As
  // net::open_private(): the file is its owner's alone, and writing to a pipe never waits.
  LogFile(const std::string& purpose, const std::string& file, int dash);

  int fd() const { return fd_.get(); }
  bool is_regular() const { return regular_; }  // else a pipe or a device, which nobody takes away
  const std::string& name() const { return name_; }
  std::string folder() const;  // that opening it again needs; empty: none

  // Says in the log what came of it. If it fails, the lines go where they went before.
  void reopen() const;

 private:
  const std::string purpose_;
  const std::string name_;
  const net::UniqueFd fd_;
  const bool regular_;
};
