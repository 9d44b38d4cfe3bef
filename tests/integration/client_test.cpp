// The client as a shell runs it: what it prints, where, and with what exit code. The texts are in approved/.
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/support/approved.h"
#include "tests/support/catch.h"
#include "tests/support/lab.h"

using net::Transport;

namespace {

// One run as a terminal would show it, both streams marked.
std::string transcript(const Arguments& arguments, const Outcome& outcome) {
  std::string text = fmt::format("$ client {}\n{}", fmt::join(arguments, " "), outcome.output);
  if (!outcome.errors.empty()) text += "[standard error] " + outcome.errors;
  return text + fmt::format("[exit code {}]\n\n", outcome.exit_code);
}

// The proxy over TLS, in front of the classroom, and the arguments that make the client trust it.
struct Lab {
  LabResolver resolver;
  Proxy proxy{resolver, Transport::tls};
  Arguments tls = {"@" + proxy.endpoint(Transport::tls).to_string(), "--ca", proxy.ca_file()};
  std::string tcp = "@" + proxy.endpoint(Transport::tcp).to_string();
};

struct Failing {
  std::string fault;
  int exit_code;
};

}  // namespace

TEST_CASE("client prints what the proxy answers, in dig's manner") {
  const Lab lab;
  const std::vector<Arguments> runs = {
      lab.tls + Arguments{"google.com"},
      lab.tls + Arguments{"google.com", "MX", "www.example.com", "AAAA"},
      lab.tls + Arguments{"--short", "chain.example.com"},
      lab.tls + Arguments{"+noall", "+answer", "example.com", "ANY"},
      lab.tls + Arguments{"nobody.example.com"},
      lab.tls + Arguments{"--short", "-x", "192.0.2.10"},
      lab.tls + Arguments{"--tls-name", "localhost", "--short", "google.com", "TYPE1"},
      {lab.tcp, "v4only.example.com", "AAAA"},
  };
  std::string all;
  for (const Arguments& run : runs) {
    const Outcome outcome = run_client(run);
    CAPTURE(run, outcome.errors);
    CHECK(outcome.exit_code == 0);
    all += transcript(run, outcome);
  }
  check_approved("client_answers", all);
}

TEST_CASE("client asks again over TCP what came truncated over UDP") {
  const LabResolver resolver;  // on one port for both: where UDP says TC, TCP must be able to say the rest
  const Outcome outcome =
      run_client({"@" + resolver.uri(Transport::udp), "--short", "large.example.com", "TXT"});
  CHECK(outcome.exit_code == 0);
  CHECK(std::count(outcome.output.begin(), outcome.output.end(), '\n') == 8);
}

TEST_CASE("client says in one line what went wrong with the server, each thing with its exit code") {
  const std::vector<Failing> failures = {
      {"expired", 24},        {"wrong-name", 23},      {"wrong-ca", 22},  {"not-tls", 21},
      {"tls11-only", 21},     {"stall-handshake", 9},  {"drop", 9},       {"stall-mid-frame", 9},
      {"reset", 27},          {"close-mid-frame", 27}, {"malformed", 28}, {"wrong-id", 28},
      {"wrong-question", 28},
  };
  std::string all;
  for (const Failing& one : failures) {
    CAPTURE(one.fault);
    const LabResolver resolver({"--fault", one.fault});
    const Arguments run = {"@" + resolver.endpoint(Transport::tls).to_string(),
                           "--ca",
                           resolver.ca_file(),
                           "--timeout",
                           one.exit_code == 9 ? "2" : "30",
                           "google.com"};
    const Outcome outcome = run_client(run);
    CHECK(outcome.exit_code == one.exit_code);
    CHECK(outcome.output.empty());
    CHECK(std::count(outcome.errors.begin(), outcome.errors.end(), '\n') == 1);
    all += fmt::format("A server with the fault {}:\n{}", one.fault, transcript(run, outcome));
  }
  check_approved("client_failures", all);
}

TEST_CASE("client says in one line what is wrong with its command, or with what it was given") {
  const Lab lab;
  const std::string address = lab.proxy.endpoint(Transport::tls).to_string();
  const TempDir directory;
  const std::vector<std::pair<Arguments, int>> runs = {
      {{}, 1},
      {{"--no-such-option"}, 1},
      {{"--type", "NOTYPE", "google.com"}, 1},
      {{"a..b"}, 1},
      {{"@" + address, "--timeout", "soon", "google.com"}, 1},
      {{"@" + address, "--ca", directory.file("missing.pem"), "google.com"}, 26},
      {{"@" + address, "--ca", lab.resolver.ca_file(), "google.com"}, 22},
      {lab.tls + Arguments{"--tls-name", "other.test", "google.com"}, 23},
      {{"@127.0.0.1:1", "--ca", lab.proxy.ca_file(), "google.com"}, 20},
      {{"@tcp://127.0.0.1:1", "google.com"}, 20},
  };
  std::string all;
  for (const auto& [run, exit_code] : runs) {
    const Outcome outcome = run_client(run);
    CAPTURE(run, outcome.output);
    CHECK(outcome.exit_code == exit_code);
    CHECK(outcome.output.empty());
    CHECK(std::count(outcome.errors.begin(), outcome.errors.end(), '\n') == 1);
    all += transcript(run, outcome);
  }
  check_approved("client_complaints", all);
}

TEST_CASE("client shows why the proxy had no answer") {
  const LabResolver resolver({"--fault", "wrong-ca"});
  const Proxy proxy(resolver, Transport::tls);
  const Arguments run = {"@" + proxy.endpoint(Transport::tls).to_string(), "--ca", proxy.ca_file(),
                         "google.com"};
  const Outcome outcome = run_client(run);
  CHECK(outcome.exit_code == 0);  // a reply came
  check_approved("client_servfail", transcript(run, outcome));
}
