#include "common/net/waker.h"

#include <csignal>
#include <future>
#include <sys/eventfd.h>
#include <thread>

#include "common/net/unique_fd.h"
#include "tests/support/catch.h"

using namespace std::chrono_literals;
using net::Deadline;
using net::Waker;
using Clock = Deadline::Clock;

namespace {

constexpr auto kNever = 30s;  // so long waits who is not woken

// How long the wait took.
Clock::duration wait(const Waker& waker, std::span<pollfd> entries, Clock::duration most) {
  const auto begun = Clock::now();
  waker.wait(entries, Deadline::at(begun + most), begun);
  return Clock::now() - begun;
}

bool signal_waits() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGUSR2) == 1;
}

}  // namespace

TEST_CASE("a call from another thread that comes before the wait ends it, and that one alone") {
  const Waker waker;
  std::thread([&] {
    waker.wake();
    waker.wake();
  }).join();
  CHECK(signal_waits());
  CHECK(wait(waker, {}, kNever) < 10s);
  CHECK_FALSE(signal_waits());
  CHECK(wait(waker, {}, 20ms) >= 20ms);
}

TEST_CASE("a call from another thread ends the wait, and the entries tell of no event") {
  const Waker waker;
  const net::UniqueFd silent(eventfd(0, EFD_CLOEXEC));
  pollfd entry{silent.get(), POLLIN, POLLIN};
  // Before the wait or in it, whichever it meets: neither may be lost.
  for (int i = 0; i < 200; ++i) {
    entry.revents = POLLIN;
    std::thread other([&] { waker.wake(); });
    const auto took = wait(waker, {&entry, 1}, kNever);
    other.join();
    REQUIRE(took < 10s);
    REQUIRE(entry.revents == 0);
  }
}

TEST_CASE("the wait of another thread ends, whether it has begun or not") {
  std::promise<const Waker*> made;
  Clock::duration took{};
  std::thread waiting([&] {
    const Waker mine;
    made.set_value(&mine);
    took = wait(mine, {}, kNever);
  });
  const Waker* const waker = made.get_future().get();
  CHECK_FALSE(waker->is_here());
  waker->wake();
  waiting.join();
  CHECK(took < 10s);
}

TEST_CASE("the wait ends at its deadline, and one that has passed only looks") {
  const Waker waker;
  CHECK(wait(waker, {}, 30ms) >= 30ms);
  const auto begun = Clock::now();
  waker.wait({}, Deadline::at(begun), begun);
  waker.wait({}, Deadline::at(begun - 1h), begun);
  CHECK(Clock::now() - begun < 10s);
}

TEST_CASE("an event ends the wait") {
  const Waker waker;
  const net::UniqueFd ready(eventfd(1, EFD_CLOEXEC));
  pollfd entry{ready.get(), POLLIN, 0};
  waker.wait({&entry, 1}, Deadline::never(), Clock::now());
  CHECK(entry.revents == POLLIN);
}

TEST_CASE("a thread does not wake itself") {
  const Waker waker;
  CHECK(waker.is_here());
  waker.wake();
  CHECK_FALSE(signal_waits());
  CHECK(wait(waker, {}, 20ms) >= 20ms);
}

TEST_CASE("a waker that was made elsewhere belongs to the thread that says so") {
  Waker waker;
  std::thread([&] {
    CHECK_FALSE(waker.is_here());
    waker.belong_here();
    CHECK(waker.is_here());
    std::thread([&] { waker.wake(); }).join();
    CHECK(signal_waits());
    CHECK(wait(waker, {}, kNever) < 10s);
  }).join();
}
