// What keeps the proxy from starting: one line, and exit code 1.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/tls/issue/issue.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"

namespace {

std::string run_to_end(const Arguments& arguments) {
  Process process(Arguments{PROXYSERVER_PROGRAM} + arguments);
  const auto code = process.wait_exit(net::Deadline::in(kPatience));
  return fmt::format("exit code {}\n{}", code.value_or(-1), process.error_output());
}

// A port on an address of this process's own, as other tests run beside it.
std::string own_uri() {
  const auto pid = static_cast<unsigned>(getpid());
  return fmt::format("tcp://127.{}.{}.{}:9663", 128 + (pid >> 16 & 0x3f), pid >> 8 & 0xff, pid & 0xff);
}

}  // namespace

TEST_CASE("an upstream that is the proxy itself is refused: a query would go round for ever") {
  const std::string uri = own_uri();
  CHECK(
      run_to_end({"--listen", uri, "--upstream", uri}) ==
      fmt::format("exit code 1\nproxyserver: --upstream {0}: that is this proxy itself, by --listen {0}; try "
                  "'proxyserver --help'\n",
                  uri));
}

TEST_CASE("a file of trust anchors that is not there is named with its option") {
  const std::string option = GENERATE("--upstream-ca", "--client-ca");
  const TempDir folder;
  const std::string file = folder.file("nofile"), cert = folder.file("cert.pem"),
                    key = folder.file("key.pem");
  const tls::Identity identity =
      tls::issue_self_signed({.common_name = "proxyserver under test", .names = {}});
  tls::write_file(cert, identity.certificate, false);
  tls::write_file(key, identity.key, true);
  CHECK(
      run_to_end({"--listen", "tls://127.0.0.1:0", "--cert", cert, "--key", key, "--upstream",
                  "tls://192.0.2.1", option, file}) ==
      fmt::format("exit code 1\nproxyserver: {}: load the trust anchors: {}: No such file or directory; try "
                  "'proxyserver --help'\n",
                  option, file));
}

TEST_CASE(
    "a file of ticket keys that cannot be used keeps the proxy from starting, and --check says so, too") {
  const TempDir folder;
  const std::string file = folder.file("tickets"), cert = folder.file("cert.pem"),
                    key = folder.file("key.pem");
  const tls::Identity identity =
      tls::issue_self_signed({.common_name = "proxyserver under test", .names = {"IP:127.0.0.1"}});
  tls::write_file(cert, identity.certificate, false);
  tls::write_file(key, identity.key, true);
  const bool readable = GENERATE(false, true);
  tls::write_file(file, readable ? std::string(107, 'A') + "=\n" : "AAAA\n", true);
  if (readable) chmod(file.c_str(), 0644);
  const std::string reason = fmt::format(
      "{}: {}", file,
      readable ? "everybody can read it: chmod o= " + file
               : "line 1: not 80 octets in base64, as 'openssl rand 80 | openssl base64 -A' makes them");
  const Arguments arguments = {
      "--listen",        "tls://127.0.0.1:0", "--cert", cert, "--key", key, "--upstream",
      "tcp://192.0.2.1", "--ticket-key-file", file};
  CHECK(run_to_end(arguments) ==
        fmt::format("exit code 1\nproxyserver: --ticket-key-file: load the ticket keys: {}; try "
                    "'proxyserver --help'\n",
                    reason));
  Process check(Arguments{PROXYSERVER_PROGRAM, "--check"} + arguments);
  CHECK(check.wait_exit(net::Deadline::in(kPatience)) == 2);  // Report::bad_files
  CHECK_THAT(check.take_output(), Catch::Matchers::Contains(reason));
}
