// proxyserver: takes DNS over TLS, TCP or UDP, asks a resolver over TLS or TCP, one thread per client
// connection. Read on in server.h (accepting), session.h (one client), forwarder.h (its queries), upstream.h
// (the resolvers); privileges.h and confine.h for what it gives up before it serves.

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <fmt/format.h>
#include <optional>
#include <unistd.h>

#include "common/cli.h"
#include "common/log.h"
#include "common/net/lookup.h"
#include "common/net/net_error.h"
#include "common/tls/tls_context.h"
#include "common/tls/tls_error.h"
#include "proxyserver/configuration/check.h"
#include "proxyserver/configuration/print_config.h"
#include "proxyserver/listening/server.h"
#include "proxyserver/options.h"
#include "proxyserver/process/confine.h"
#include "proxyserver/process/memory.h"
#include "proxyserver/process/privileges.h"
#include "proxyserver/process/scheduling.h"
#include "proxyserver/watching/instruments.h"

namespace {

// A socket or a file would get the number of a standard descriptor that is closed, and then the log's lines.
void fill_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) std::_Exit(cli::internal);
}

// A client that goes away must not take us with it, and stopping is an event that the accepting thread reads.
void tame_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a log at its limit (setrlimit(2), LimitFSIZE=) is a write that fails
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR1);  // to open log files again
  // To read files again, or, from a terminal that is gone, to stop; unless nohup(1) has said that it is
  // neither.
  struct sigaction hangup {};
  if (sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN) sigaddset(&set, SIGHUP);
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

// The option that named the file at fault, where several could have; the message names the file.
std::string option_of(const tls::TlsError& error, const Options& options) {
  const auto is_about = [&](const std::string& file) {
    return !file.empty() && error.facts().reason.starts_with(file + ": ");
  };
  if (is_about(options.upstream_ca)) return "--upstream-ca: ";
  if (is_about(options.ticket_key_file)) return "--ticket-key-file: ";
  return is_about(options.client_ca) ? "--client-ca: " : "";
}

void warn_of_root(const Server& server) {
  if (geteuid() == 0 && server.is_open())
    logging::write(logging::Level::warning, "running-as-root",
                   "advice=\"who takes over this program has the machine: use --user\"");
}

int print_config(const Options& options) {
  const auto text = config_text(options);
  if (!text) return cli::complain("proxyserver", text.error());
  fmt::print("{}", *text);
  return cli::ok;
}

int check(const Options& options) try {
  std::signal(SIGPIPE, SIG_IGN);
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  Report report;
  check_files(options, now, report);
  if (options.check_online) check_upstreams(options, now, report);
  fmt::print("{}", report.text());
  return report.exit_code();
} catch (const std::exception& error) {
  fmt::print(stderr, "proxyserver: {}\n", error.what());
  return cli::internal;
}

// Every file has been opened by now, but those of a system's trust store, which OpenSSL opens as it verifies,
// those that tell how names are looked up, and those that are read again when they have changed.
void give_up_files(const Options& options, Server& server) {
#ifndef DOT_UNCONFINED
  std::vector<std::string> readable;
  const auto leave = [&](const std::vector<std::string>& folders) {
    readable.insert(readable.end(), folders.begin(), folders.end());
  };
  // Wherever it might be: --config may name it tomorrow.
  if (options.encrypts()) leave(tls::system_trust_folders());
  leave(server.reload().folders());
  if (!options.config_file.empty()) leave(folders_of({options.config_file}));
  if (options.has_names() && !options.bootstrap) leave(net::lookup_folders());
  if (confine(readable, server.folders_of_logs()) == Confinement::unavailable)
    logging::write(logging::Level::info, "not-confined", "reason=\"this kernel offers no Landlock\"");
#else
  // Sanitizers and coverage have files of their own to open when the program ends.
  static_cast<void>(options);
  static_cast<void>(server);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_descriptors();
  const auto options = parse_options(argc, argv);
  if (!options) return cli::complain("proxyserver", options.error());
  if (options->action == Options::Action::help) return fmt::print("{}", kUsage), cli::ok;
  if (options->action == Options::Action::version)
    return fmt::print("proxyserver {}\n", DOT_VERSION), cli::ok;
  if (options->action == Options::Action::print_config) return print_config(*options);
  if (options->action == Options::Action::check) return check(*options);

  prepare_heap(argv);
  run_in_batches();
  tame_signals();
  logging::set_level(options->log_level);
  logging::set_format(options->log_format);
  try {
    std::optional<Account> account;
    if (!options->user.empty()) {
      auto found = find_account(options->user);
      if (!found)
        return cli::complain("proxyserver", fmt::format("--user {}: {}", options->user, found.error()));
      account = std::move(*found);
    }
    // As root, if that is who we are.
    Server server(*options, [=] { return parse_options(argc, argv); });
    if (account) {
      become(*account);
      server.reload().user_changed();
    } else {
      warn_of_root(server);
    }
    give_up_files(*options, server);
    return server.run();
  } catch (const tls::TlsError& error) {
    return cli::complain("proxyserver", option_of(error, *options) + error.what());
  } catch (const AsksItself& error) {
    return cli::complain("proxyserver", error.what());
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
