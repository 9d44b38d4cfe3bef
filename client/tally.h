// Counts what passes a socket: octets each way, and round trips, which is how often we had to wait: the
// direction turned from sent to received. One thread.
#pragma once

#include <cstddef>

#include "common/net/stream.h"

namespace client {

class Tally final : public net::Watcher {
 public:
  void sent(ByteView octets) noexcept override {
    octets_sent += octets.size();
    waiting_ = true;
  }
  void received(ByteView octets) noexcept override {
    octets_received += octets.size();
    if (waiting_) ++round_trips;
    waiting_ = false;
  }

  std::size_t octets_sent = 0;
  std::size_t octets_received = 0;
  unsigned round_trips = 0;

 private:
  bool waiting_ = false;
};

}  // namespace client
