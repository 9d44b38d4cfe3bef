#include "common/net/waker.h"

#include <cerrno>

#include "common/net/net_error.h"

namespace net {
namespace {

constexpr int kSignal = SIGUSR2;

extern "C" void do_nothing(int) {}  // a handler there must be: an ignored signal interrupts nobody

void install_handler() {
  static const bool installed = [] {
    struct sigaction action {};
    action.sa_handler = do_nothing;
    return sigaction(kSignal, &action, nullptr) == 0;
  }();
  static_cast<void>(installed);
}

}  // namespace

void Waker::belong_here() {
  install_handler();
  thread_ = pthread_self();
  sigset_t ours;
  sigemptyset(&ours);
  sigaddset(&ours, kSignal);
  pthread_sigmask(SIG_BLOCK, &ours, &while_waiting_);
  sigdelset(&while_waiting_, kSignal);
}

void Waker::wait(std::span<pollfd> entries, Deadline deadline, Deadline::Clock::time_point now) const {
  timespec left{};
  const bool for_ever = deadline.when() == Deadline::Clock::time_point::max();
  if (!for_ever && deadline.when() > now) {
    const std::chrono::nanoseconds wait = deadline.when() - now;
    left.tv_sec = static_cast<time_t>(wait / std::chrono::seconds(1));
    left.tv_nsec = static_cast<long>((wait % std::chrono::seconds(1)).count());
  }
  for (pollfd& entry : entries)
    entry.revents = 0;  // the kernel leaves them as they are when it is interrupted
  if (ppoll(entries.data(), entries.size(), for_ever ? nullptr : &left, &while_waiting_) >= 0) return;
  if (errno != EINTR) throw NetError::from_errno("poll", errno);
}

void Waker::wake() const noexcept {
  if (!is_here()) pthread_kill(thread_, kSignal);
}

void Waker::wake(pthread_t thread) noexcept {
  install_handler();
  pthread_kill(thread, kSignal);
}

}  // namespace net
