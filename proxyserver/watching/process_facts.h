// What Prometheus' clients tell of every process, under the names that all of them use: CPU, memory,
// descriptors, start. Opened before the proxy gives up the file system (process/confine.h); one thread at a
// time.
#pragma once

#include <chrono>

#include "common/net/unique_fd.h"
#include "proxyserver/watching/exposition.h"

class ProcessFacts {
 public:
  ProcessFacts();  // where there is no /proc, what it would tell is left out
  void write(Exposition& to) const;

 private:
  const double start_;
  const net::UniqueFd memory_;       // /proc/self/statm
  const net::UniqueFd descriptors_;  // the folder /proc/self/fd
};
