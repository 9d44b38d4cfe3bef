// client --session: a ticket kept from one run to the next, and only where it is safe to use it.
#include <fstream>
#include <sys/stat.h>
#include <tuple>

#include "tests/support/catch.h"
#include "tests/support/lab.h"

using Catch::Matchers::Contains;
using net::Transport;

namespace {

Arguments ask(const std::string& address, const std::string& ca, const std::string& session) {
  return {"@" + address, "--ca", ca, "--session", session, "google.com"};
}

Arguments ask(const LabResolver& resolver, const std::string& session) {
  return ask(resolver.endpoint(Transport::tls).address.to_string(), resolver.ca_file(), session);
}

bool exists(const std::string& file) {
  return std::filesystem::exists(file);
}

}  // namespace

TEST_CASE("with --session the second run resumes what the first began, by either version of TLS") {
  const LabResolver resolver;
  const TempDir directory;
  const std::string session = directory.file("session.pem");
  const Arguments version = GENERATE(Arguments{}, Arguments{"--tls-max", "1.2"});
  CAPTURE(version);
  const Outcome first = run_client(ask(resolver, session) + version);
  CHECK(first.exit_code == 0);
  CHECK_THAT(first.output, Contains("full handshake"));
  struct stat status {};
  REQUIRE(stat(session.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  for (int i = 0; i < 2; ++i) {  // and the third what the second brought
    const Outcome next = run_client(ask(resolver, session) + version);
    CHECK(next.exit_code == 0);
    CHECK_THAT(next.output, Contains(", resumed\n"));
  }
}

TEST_CASE("without --session every run makes a full handshake") {
  const LabResolver resolver;
  const Arguments run = {"@" + resolver.endpoint(Transport::tls).address.to_string(), "--ca",
                         resolver.ca_file(), "google.com"};
  for (int i = 0; i < 2; ++i) CHECK_THAT(run_client(run).output, Contains("full handshake"));
}

TEST_CASE("a session is not offered to a server that another CA vouches for") {
  const LabResolver one, other;
  const TempDir directory;
  const std::string session = directory.file("session.pem");
  REQUIRE(run_client(ask(one, session)).exit_code == 0);
  // Offered, it would be refused without a word; so the untrusting client asks the very server that gave it.
  const Outcome outcome =
      run_client(ask(one.endpoint(Transport::tls).address.to_string(), other.ca_file(), session));
  CHECK(outcome.exit_code == 22);
  CHECK(outcome.output.empty());
  const Outcome elsewhere = run_client(ask(other, session));
  CHECK(elsewhere.exit_code == 0);
  CHECK_THAT(elsewhere.output, Contains("full handshake"));
}

TEST_CASE("a run with --insecure keeps no session of a server that it should not have trusted") {
  const LabResolver resolver, other;
  const TempDir directory;
  const std::string session = directory.file("session.pem");
  const Arguments run = ask(resolver.endpoint(Transport::tls).address.to_string(), other.ca_file(), session);
  CHECK(run_client(run + Arguments{"--insecure"}).exit_code == 0);
  CHECK_FALSE(exists(session));
  CHECK(run_client(run).exit_code == 22);
}

TEST_CASE("a session file that is none, or cannot be read or written, is one clear line") {
  const LabResolver resolver;
  const TempDir directory;
  const std::string session = directory.file("session.pem");
  std::ofstream(session) << "no session at all\n";
  for (const auto& [file, exit_code, advice] :
       {std::tuple(session, 26, "another file with --session, or a new one"),
        std::tuple(directory.file("no/such/folder/session.pem"), 10, "another file")}) {
    CAPTURE(file);
    const Outcome outcome = run_client(ask(resolver, file));
    CHECK(outcome.exit_code == exit_code);
    CHECK_THAT(outcome.errors, Contains(std::string("; try ") + advice + "\n"));
    CHECK(std::count(outcome.errors.begin(), outcome.errors.end(), '\n') == 1);
    CHECK_THAT(outcome.errors, Contains(file) && Contains("TLS session"));
  }
}
