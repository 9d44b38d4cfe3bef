// proxyserver: takes DNS over TLS or TCP, asks a resolver over TLS or TCP, one thread per client connection.
// Read on in server.h (accepting), session.h (one client), forwarder.h (its queries), upstream.h (the
// resolvers).

#include <csignal>
#include <exception>
#include <fmt/format.h>

#include "common/cli.h"
#include "common/log.h"
#include "proxyserver/options.h"
#include "proxyserver/server.h"

namespace {

// A client that goes away must not take us with it, and stopping is an event that the accepting thread reads.
void tame_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse_options(argc, argv);
  if (!options) return cli::complain("proxyserver", options.error());
  if (options->action == Options::Action::help) return fmt::print("{}", kUsage), cli::ok;
  if (options->action == Options::Action::version)
    return fmt::print("proxyserver {}\n", DOT_VERSION), cli::ok;

  tame_signals();
  logging::set_level(options->log_level);
  try {
    return Server(*options).run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "proxyserver: {}\n", error.what());
    return cli::internal;
  }
}
