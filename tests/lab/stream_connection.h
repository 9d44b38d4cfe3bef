// labresolver's side of one TCP or TLS connection, on one thread: it answers each query as it comes, and
// holds delayed answers in a queue by due time, so that a hundred delayed queries take one delay, not a
// hundred.
#pragma once

#include <map>
#include <memory>

#include "common/net/framing.h"
#include "tests/lab/responder.h"

namespace lab {

class StreamConnection {
 public:
  StreamConnection(std::unique_ptr<net::Stream> stream, net::Transport transport, const Responder& responder,
                   const Faults& faults, Dice dice);

  // Serves until the peer or a fault ends it, or `stop` becomes readable. Throws what the stream throws.
  void run(int stop);

 private:
  using Clock = net::Deadline::Clock;

  void read_queries();
  void queue(Reply reply);
  void send_due();
  void deliver(const Reply& reply);
  bool wait(int stop);  // false: told to stop, or the peer is gone
  net::Deadline next_event() const;
  bool finished() const { return (ending_ || (!reading_ && due_.empty())) && writer_.empty(); }

  std::unique_ptr<net::Stream> stream_;
  const net::Transport transport_;
  const Responder& responder_;
  const Faults& faults_;
  Dice dice_;
  net::FrameReader reader_;
  net::FrameWriter writer_;
  std::multimap<Clock::time_point, Reply> due_;  // equal times leave in the order of their coming
  Clock::time_point last_activity_ = Clock::now();
  unsigned answered_ = 0;
  bool reading_ = true;    // the peer has not ended its side
  bool ending_ = false;    // close once everything is written
  bool stalled_ = false;   // a fault: write no more, but stay
  bool reset_ = false;     // a fault: end it with a TCP reset
  short waiting_for_ = 0;  // what the last writing, or a handshake, wants from poll(2) besides POLLIN
};

}  // namespace lab
