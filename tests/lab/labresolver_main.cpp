// labresolver: the classroom's resolver. See the header of each file for its part.
#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <pthread.h>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include "common/cli.h"
#include "common/net/unique_fd.h"
#include "tests/lab/lab_identity.h"
#include "tests/lab/lab_options.h"
#include "tests/lab/lab_server.h"

namespace {

// Of address space; only what a thread touches becomes memory. Less would do, but the thread sanitizer keeps
// its own 700 kB on each stack.
constexpr std::size_t kThreadStack = std::size_t{2} << 20;

void prepare_process() {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kThreadStack);
  pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
}

// Readable once SIGINT or SIGTERM has come. Blocked here before any thread starts, they reach nobody else.
net::UniqueFd stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return net::UniqueFd(signalfd(-1, &set, SFD_CLOEXEC));
}

int run(const lab::LabOptions& options) {
  prepare_process();
  const net::UniqueFd stop = stop_signals();
  const auto zone = lab::load_zones(options.zones);
  if (!zone) throw std::runtime_error(zone.error());
  const auto context = lab::make_identity(options);
  const lab::Responder responder(*zone, options.faults, options.delay);
  lab::LabServer server(options.listen, {responder, options.faults, *context, options.seed});
  for (const net::Endpoint& endpoint : server.listening()) fmt::print("listening {}\n", endpoint.to_string());
  std::fflush(stdout);
  server.run(stop.get());
  return cli::ok;
}

}  // namespace

int main(int argc, char** argv) try {
  const auto parsed = lab::parse_options(argc, argv);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  return run(std::get<lab::LabOptions>(parsed));
} catch (const std::exception& error) {
  fmt::print(stderr, "labresolver: {}\n", error.what());
  return cli::internal;
}
