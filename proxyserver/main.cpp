// proxyserver: takes DNS over TLS, TCP or UDP, asks a resolver over TLS or TCP, one thread per client
// connection. Read on in server.h (accepting), session.h (one client), forwarder.h (its queries), upstream.h
// (the resolvers).

#include <cerrno>
#include <csignal>
#include <exception>
#include <fmt/format.h>

#include "common/cli.h"
#include "common/log.h"
#include "common/net/net_error.h"
#include "common/tls/tls_error.h"
#include "proxyserver/instruments.h"
#include "proxyserver/memory.h"
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

const char* advice(int error) {
  switch (error) {
    case EADDRINUSE:
      return "; try another port with --listen, or see who has it with 'ss -lntup'";
    case EADDRNOTAVAIL:
      return "; no interface of this machine has that address: see 'ip address'";
    case EACCES:
      return "; try a port above 1023, or give the program CAP_NET_BIND_SERVICE";
    default:
      return "";
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = parse_options(argc, argv);
  if (!options) return cli::complain("proxyserver", options.error());
  if (options->action == Options::Action::help) return fmt::print("{}", kUsage), cli::ok;
  if (options->action == Options::Action::version)
    return fmt::print("proxyserver {}\n", DOT_VERSION), cli::ok;

  forgo_thread_caches(argv);
  tame_signals();
  logging::set_level(options->log_level);
  try {
    return Server(*options).run();
  } catch (const tls::TlsError& error) {
    return cli::complain("proxyserver", error.what());  // a file that an option named, or should have
  } catch (const UnusableFile& error) {
    return cli::complain("proxyserver", error.what());
  } catch (const net::NetError& error) {
    fmt::print(stderr, "proxyserver: {}{}\n", error.what(), advice(error.error()));
    return cli::internal;
  } catch (const std::exception& error) {
    fmt::print(stderr, "proxyserver: {}\n", error.what());
    return cli::internal;
  }
}
