// A poll(2) that another thread can interrupt. It costs nothing until somebody does: no descriptor, no
// memory.
//
// A signal does it (SIGUSR2). It is blocked in the waiting thread except inside ppoll(2), which lets it in
// together with the wait. So a call of wake() is never lost: one that comes before the wait ends it at once.
#pragma once

#include <atomic>
#include <csignal>
#include <poll.h>
#include <pthread.h>
#include <span>

#include "common/net/deadline.h"

namespace net {

class Waker {
 public:
  Waker() { belong_here(); }

  // The calling thread is the one that waits from now on. Before others know of this object.
  void belong_here();
  bool is_here() const { return pthread_equal(thread_, pthread_self()) != 0; }

  // Until an event, the deadline, or wake(). Throws NetError if the kernel refuses. `now` is the time.
  void wait(std::span<pollfd> entries, Deadline deadline, Deadline::Clock::time_point now) const;

  // From any thread, while the waiting thread lives. On that thread itself: does nothing.
  void wake() const noexcept;

  // Ends the wait of a thread that is known by this alone, and has not been joined; if it waits otherwise, in
  // poll(2), that is interrupted (EINTR).
  static void wake(pthread_t thread) noexcept;

 private:
  pthread_t thread_{};
  sigset_t while_waiting_{};
};

}  // namespace net
