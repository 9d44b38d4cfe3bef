// labresolver's side of one UDP socket, on one thread, with the same queue of delayed answers as a stream
// has.
#pragma once

#include <map>

#include "common/net/deadline.h"
#include "common/net/unique_fd.h"
#include "tests/lab/responder.h"

namespace lab {

// Bound, non-blocking. Throws NetError.
net::UniqueFd bind_udp(const net::SocketAddress& address);

class UdpResponder {
 public:
  UdpResponder(net::UniqueFd socket, const Responder& responder, Dice dice)
      : socket_(std::move(socket)), responder_(responder), dice_(dice) {}

  void run(int stop);  // until `stop` becomes readable

 private:
  struct Due {
    net::SocketAddress to;
    Reply reply;
  };

  void read_queries();
  void send_due();

  net::UniqueFd socket_;
  const Responder& responder_;
  Dice dice_;
  std::multimap<net::Deadline::Clock::time_point, Due> due_;
};

}  // namespace lab
