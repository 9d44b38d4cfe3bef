#include "tests/lab/stream_connection.h"

#include <poll.h>
#include <sys/socket.h>

#include "common/net/net_error.h"

namespace lab {
namespace {

using Status = net::IoResult::Status;

// A peer that asks and never reads is not read either, once this much waits for it.
constexpr std::size_t kMaxUnsent = 1 << 20;

}  // namespace

StreamConnection::StreamConnection(std::unique_ptr<net::Stream> stream, net::Transport transport,
                                   const Responder& responder, const Faults& faults, Dice dice)
    : stream_(std::move(stream)),
      transport_(transport),
      responder_(responder),
      faults_(faults),
      dice_(dice) {}

void StreamConnection::run(int stop) {
  do {
    waiting_for_ = 0;
    if (reading_ && writer_.size() < kMaxUnsent) read_queries();
    send_due();
    if (!stalled_ && writer_.flush(*stream_) == Status::want_write) waiting_for_ |= POLLOUT;
    if (reset_) {
      // SO_LINGER with time 0 makes close(2) send a reset and forget what is unsent.
      const linger at_once{1, 0};
      setsockopt(stream_->fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      return;
    }
    if (!stalled_ && finished()) break;
    const bool idle = due_.empty() && writer_.empty();
    if (faults_.idle_close && idle && Clock::now() >= last_activity_ + *faults_.idle_close) break;
  } while (wait(stop));
  stream_->close();
}

void StreamConnection::read_queries() {
  for (;;) {
    const net::IoResult result = reader_.fill(*stream_);
    if (result.status == Status::want_write) waiting_for_ |= POLLOUT;
    if (result.status == Status::closed) reading_ = false;
    if (result.status != Status::done) return;
    last_activity_ = Clock::now();
    while (const auto query = reader_.next()) {
      auto reply = responder_.respond(*query, transport_, dice_);
      if (reply) queue(std::move(*reply));
    }
  }
}

void StreamConnection::queue(Reply reply) {
  const auto begin = faults_.in_turn && !due_.empty() ? due_.rbegin()->first : Clock::now();
  due_.emplace(begin + reply.delay, std::move(reply));
}

void StreamConnection::send_due() {
  while (!due_.empty() && due_.begin()->first <= Clock::now() && !ending_ && !stalled_) {
    deliver(due_.begin()->second);
    due_.erase(due_.begin());
  }
}

void StreamConnection::deliver(const Reply& reply) {
  last_activity_ = Clock::now();
  switch (reply.delivery) {
    case Delivery::whole:
      for (unsigned copy = 0; copy < reply.copies; ++copy) writer_.add(reply.message);
      break;
    case Delivery::reset:
      reset_ = true;
      break;
    case Delivery::half_then_close:
    case Delivery::half_then_stall:
      writer_.begin(reply.message.size());
      writer_.part(ByteView(reply.message).first(reply.message.size() / 2));
      if (reply.delivery == Delivery::half_then_close) {
        ending_ = true;
      } else {
        writer_.flush(*stream_);  // half a small answer fits into the socket: nobody waits for room here
        stalled_ = true;
      }
      break;
  }
  if (++answered_ == faults_.close_after) ending_ = true;
}

net::Deadline StreamConnection::next_event() const {
  auto next = net::Deadline::never();
  if (stalled_) return next;
  if (!due_.empty() && !ending_) next = earlier(next, net::Deadline::at(due_.begin()->first));
  if (faults_.idle_close && due_.empty() && writer_.empty())
    next = earlier(next, net::Deadline::at(last_activity_ + *faults_.idle_close));
  return next;
}

bool StreamConnection::wait(int stop) {
  const bool listen = reading_ && writer_.size() < kMaxUnsent;
  const short events = static_cast<short>(waiting_for_ | (listen ? POLLIN : 0));
  pollfd entries[2] = {{stream_->fd(), events, 0}, {stop, POLLIN, 0}};
  poll(entries, 2, next_event().poll_ms());  // an interruption is an early look around, no more
  if (entries[1].revents != 0) return false;
  // With both sides gone there is nobody to answer, and poll would never wait again.
  return reading_ || (entries[0].revents & (POLLERR | POLLHUP)) == 0;
}

}  // namespace lab
