// The end of the proxy: nobody is let in any more, who is in gets what is owed, and then it goes.
#include <csignal>
#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/net/net_error.h"
#include "common/net/waker.h"
#include "common/tls/tls_stream.h"
#include "proxyserver/listening/server.h"

namespace {

constexpr std::chrono::seconds kTick{1};
constexpr std::chrono::seconds kHandshakePatience{1};  // once told to stop

// What the signal does to a program that knows nothing of it; as the first one in a container, where it would
// do nothing, with the exit code that a shell reports for it.
extern "C" void end_at_once(int signal) {
  std::signal(signal, SIG_DFL);
  std::raise(signal);  // taken when this handler returns, if it is taken at all
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  _exit(128 + signal);
}

// Takes what has come; from now on the signals come to this thread, whatever it waits for.
void end_when_told_again(int signals) {
  signalfd_siginfo taken;
  while (read(signals, &taken, sizeof taken) > 0) continue;
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM}) {
    sigaddset(&set, signal);
    std::signal(signal, end_at_once);
  }
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace

void Server::persist(int fd, net::Deadline deadline, const std::string& what,
                     const std::function<net::IoResult::Status()>& attempt) const {
  using Progress = net::IoResult::Status;
  const net::Waker waker;  // before draining_ is looked at: who sets it wakes us
  bool stopping = false;
  for (;;) {
    const Progress status = attempt();
    if (status == Progress::done) return;
    if (draining_ && !stopping) {
      stopping = true;
      deadline = earlier(deadline, net::Deadline::in(kHandshakePatience));
    }
    const auto now = net::Deadline::Clock::now();
    // Before the wait, too: a peer that always has another octet must not keep us beyond the deadline.
    if (deadline.expired(now)) throw net::NetError(net::NetError::Kind::timeout, what);
    pollfd entry{fd, static_cast<short>(status == Progress::want_write ? POLLOUT : POLLIN), 0};
    waker.wait({&entry, 1}, deadline, now);
  }
}

// A listening socket that is closed resets the connections that wait in its queue, and clients may have sent
// queries over them already: these are let in first. Sessions read on for a while (Session::check_drain).
// Datagrams are taken until the sessions have ended, and for half of the time at most.
int Server::stop() {
  end_when_told_again(signals_.get());
  const auto time = replaceable_.limits.current().drain;
  const net::Deadline end = net::Deadline::in(time);
  const net::Deadline last_datagram = net::Deadline::in(time / 2);
  draining_ = true;
  manager_.stopping();
  for (const Listener& listener : listeners_) {
    for (int batch = 0; batch < kBacklog / kAcceptBatch && accept_from(listener); ++batch) continue;
  }
  listeners_.clear();
  logging::write(logging::Level::info, "stopping", fmt::format("sessions={}", sessions_.size()));
  sessions_.wake();

  const auto stop_datagrams = [&] {
    for (const auto& service : udp_) service->stop_reading(end);
  };
  while (!sessions_.wait_for_all(
      earlier(end, net::Deadline::in(std::min<net::Deadline::Clock::duration>(kTick, time / 2))))) {
    manager_.alive();
    if (last_datagram.expired()) stop_datagrams();
    if (end.expired()) break;
  }
  stop_datagrams();
  const std::size_t cut_off = sessions_.size();
  sessions_.cut_off();
  for (const auto& service : udp_) service->stop(end);
  logging::write_sums(logging::Sums::all);
  logging::write(logging::Level::info, "stopped", cut_off > 0 ? fmt::format("cut-off={}", cut_off) : "");
  return cli::ok;
}
