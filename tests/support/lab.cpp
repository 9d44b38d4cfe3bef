#include "tests/support/lab.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fmt/format.h>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "common/tls/issue/issue.h"
#include "tests/support/catch.h"

using net::Transport;

namespace {

constexpr std::chrono::seconds kStart{20};  // with a sanitizer, on a machine that compiles meanwhile
constexpr std::chrono::seconds kStop{20};

net::Endpoint parse_announcement(const std::string& line) {
  constexpr std::string_view kPrefix = "listening ";
  if (!line.starts_with(kPrefix)) throw std::runtime_error("no announcement: " + line);
  const auto uri = net::parse_listener(std::string_view(line).substr(kPrefix.size()));
  if (!uri) throw std::runtime_error(uri.error());
  return {uri->transport, uri->address.value(), {}, uri->proxied};
}

// Our two programs run under whatever DOT_UNDER says, such as "/usr/bin/valgrind --quiet", and then with
// `patience`, unless the test itself has words about that.
Arguments program(const char* path, const Arguments& patience) {
  const char* const under = std::getenv("DOT_UNDER");
  if (under == nullptr) return {path};
  std::istringstream words(under);
  return Arguments{std::istream_iterator<std::string>(words), {}} + Arguments{path} + patience;
}

}  // namespace

Arguments operator+(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Listening::Listening(const Arguments& command, std::size_t listeners, Process::Limits limits)
    : process_(command, limits) {
  const auto deadline = net::Deadline::in(kStart);
  while (endpoints_.size() < listeners)
    endpoints_.push_back(parse_announcement(process_.read_line(deadline)));
}

Listening::~Listening() {
  if (process_.has_ended()) return;  // the test has seen how
  try {
    if (const int code = stop(); code != 0)
      FAIL_CHECK("a program ended with exit code " << code << ":\n" << process_.error_output());
  } catch (const std::exception& error) {
    FAIL_CHECK(error.what());
  }
}

const net::Endpoint& Listening::endpoint(Transport transport, bool proxied) const {
  const auto found = std::ranges::find_if(endpoints_, [&](const net::Endpoint& one) {
    return one.transport == transport && one.proxied == proxied;
  });
  if (found == endpoints_.end()) throw std::logic_error("no such listener");
  return *found;
}

int Listening::stop() {
  if (!process_.told_to_stop()) process_.signal(SIGTERM);  // a second one would not wait for anything
  const auto code = process_.wait_exit(net::Deadline::in(kStop));
  if (!code) throw std::runtime_error("did not stop: " + process_.error_output());
  return *code;
}

LabResolver::LabResolver(const Arguments& extra)
    : program_(Arguments{LABRESOLVER_PROGRAM, "--listen", "tls://127.0.0.1:0", "--listen",
                         "tcp://127.0.0.1:0", "--listen", "udp://127.0.0.1:0", "--ca-out", ca_file()} +
                   extra,
               3) {}

std::string LabResolver::uri(Transport transport) const {
  const std::string plain = endpoint(transport).to_string();
  return transport == Transport::tls ? plain + "#lab.test" : plain;
}

DotConnection LabResolver::connect(Transport transport) const {
  return DotConnection(endpoint(transport),
                       transport == Transport::tls ? trust(ca_file(), "lab.test") : nullptr);
}

Proxy::Identity::Identity() : ca_file(directory.file("cert.pem")), key_file(directory.file("key.pem")) {
  tls::IssueOptions options;
  options.common_name = "proxyserver under test";
  options.names = {"DNS:localhost", "IP:127.0.0.1"};
  const tls::Identity identity = tls::issue_self_signed(options);
  tls::write_file(ca_file, identity.certificate, false);
  tls::write_file(key_file, identity.key, true);
}

Proxy::Proxy(const Arguments& extra, Process::Limits limits)
    : context_(trust(identity_.ca_file)),
      program_(program(PROXYSERVER_PROGRAM, {"--handshake-timeout", "25s", "--query-timeout", "25s"}) +
                   Arguments{"--listen", "tls://127.0.0.1:0", "--listen", "tcp://127.0.0.1:0", "--cert",
                             identity_.ca_file, "--key", identity_.key_file} +
                   extra,
               2 + static_cast<std::size_t>(std::ranges::count(extra, "--listen")), limits) {}

Proxy::Proxy(const LabResolver& resolver, Transport upstream, const Arguments& extra)
    : Proxy(Arguments{"--upstream", resolver.uri(upstream)} +
            (upstream == Transport::tls ? Arguments{"--upstream-ca", resolver.ca_file()} : Arguments{}) +
            extra) {}

DotConnection Proxy::connect(Transport transport) const {
  return DotConnection(endpoint(transport), transport == Transport::tls ? context_ : nullptr);
}

Outcome run_client(const Arguments& arguments) {
  Process process(program(CLIENT_PROGRAM, {"--timeout", "25s"}) + arguments);
  const auto code = process.wait_exit(net::Deadline::in(std::chrono::seconds(30)));
  if (!code) throw std::runtime_error("client did not end: " + process.error_output());
  return {*code, process.take_output(), process.error_output()};
}
