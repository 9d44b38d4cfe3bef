// --config, --print-config and --check, of the real program; and what it says of its own certificate and key.
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <poll.h>
#include <sys/stat.h>

#include "common/tls/issue/issue.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/lab.h"

using Catch::Matchers::Contains;
using net::Transport;
using namespace std::chrono_literals;

namespace {

Outcome run_proxyserver(const Arguments& arguments) {
  Process process(Arguments{PROXYSERVER_PROGRAM} + arguments);
  const auto code = process.wait_exit(net::Deadline::in(kPatience));
  return {code.value_or(-1), process.take_output(), process.error_output()};
}

// A certificate and a key of its own, in files.
struct Identity {
  explicit Identity(std::chrono::seconds valid_to = 24h * 100) {
    tls::IssueOptions options{.common_name = "under test", .names = {"DNS:localhost", "IP:127.0.0.1"}};
    options.valid_from = -24h * 200;
    options.valid_to = valid_to;
    const tls::Identity identity = tls::issue_self_signed(options);
    tls::write_file(cert, identity.certificate, false);
    tls::write_file(key, identity.key, true);
  }

  Arguments options() const { return {"--listen", "tls://127.0.0.1:0", "--cert", cert, "--key", key}; }
  Outcome check() const {
    return run_proxyserver(options() + Arguments{"--upstream", "tcp://192.0.2.1", "--check"});
  }

  TempDir folder;
  std::string cert = folder.file("cert.pem"), key = folder.file("key.pem");
};

std::string write(const std::string& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

// Whether the proxy says this; waited for.
bool says(const Process& process, const std::string& text) {
  for (const auto deadline = net::Deadline::in(kPatience); !deadline.expired(); poll(nullptr, 0, 5))
    if (process.error_output().find(text) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("a proxy that is started by --config serves as the file says") {
  const LabResolver resolver;
  const Identity identity;
  const std::string file =
      write(identity.folder.file("proxy.conf"),
            fmt::format(
                "# as a service\nlisten tls://127.0.0.1:0\ncert {}\nkey {}\n\nupstream {}\nupstream-ca {}\n",
                identity.cert, identity.key, resolver.uri(Transport::tls), resolver.ca_file()));
  const Listening proxy({PROXYSERVER_PROGRAM, "--config", file}, 1);
  const Outcome answer = run_client(
      {"@" + proxy.endpoint(Transport::tls).to_string(), "--ca", identity.cert, "google.com", "--short"});
  CHECK(answer.exit_code == 0);
  CHECK_FALSE(answer.output.empty());
}

TEST_CASE("at SIGHUP the file is read again, and a mistake in it is named and changes nothing") {
  const Identity identity;
  const std::string file =
      write(identity.folder.file("proxy.conf"), "listen tcp://127.0.0.1:0\nidle-timeout 7\n");
  Listening proxy({PROXYSERVER_PROGRAM, "--config", file, "--upstream", "tcp://192.0.2.1"}, 1);
  write(file, "listen tcp://127.0.0.1:0\nidle-timeout 8\npool-size 3\n");
  proxy.process().signal(SIGHUP);
  CHECK(says(proxy.process(), "reloaded by=SIGHUP changed=idle-timeout needs-restart=pool-size\n"));
  write(file, "listen tcp://127.0.0.1:0\nidle-timeout never\n");
  proxy.process().signal(SIGHUP);
  CHECK(says(proxy.process(),
             fmt::format("reload-refused by=SIGHUP file={0} reason=\"{0}:2: idle-timeout never: ", file)));
}

TEST_CASE("a mistake in the file ends the program with its name and the line") {
  const TempDir folder;
  const std::string file = write(folder.file("proxy.conf"), "\nlissen tls://127.0.0.1:0\n");
  for (const Arguments& more : {Arguments{}, Arguments{"--check"}, Arguments{"--print-config"}}) {
    const Outcome outcome = run_proxyserver(Arguments{"--config", file} + more);
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.output.empty());
    CHECK(outcome.errors ==
          fmt::format("proxyserver: {}:2: unknown option 'lissen' (did you mean 'listen'?); "
                      "try 'proxyserver --help'\n",
                      file));
  }
}

TEST_CASE("the option --print-config feeds --config, and both print the same values") {
  const Identity identity;
  const Outcome first =
      run_proxyserver(identity.options() + Arguments{"--idle-timeout", "7", "--print-config"});
  REQUIRE(first.exit_code == 0);
  CHECK_THAT(first.output,
             Contains("idle-timeout 7") && Contains("# command line\n") && Contains("# default\n"));
  const std::string file = write(identity.folder.file("proxy.conf"), first.output);
  const Outcome second = run_proxyserver({"--config", file, "--print-config"});
  CHECK(second.exit_code == 0);
  CHECK_THAT(second.output, Contains("idle-timeout 7") && Contains("# " + file + ":"));
}

TEST_CASE("the option --check finds nothing wrong where nothing is, and binds no port") {
  const Identity identity;
  const Listening proxy(
      Arguments{PROXYSERVER_PROGRAM} + identity.options() + Arguments{"--upstream", "tcp://192.0.2.1"}, 1);
  const Outcome outcome = run_proxyserver({"--listen", proxy.endpoint(Transport::tls).to_string(), "--cert",
                                           identity.cert, "--key", identity.key, "--upstream",
                                           "tls://192.0.2.1", "--upstream-ca", identity.cert, "--check"});
  CAPTURE(outcome.output, outcome.errors);
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.output, Contains("ok       certificate  " + identity.cert +
                                      ": DNS:localhost IP:127.0.0.1; valid until "));
  CHECK_THAT(outcome.output, Contains("ok       key          " + identity.key + ": matches the certificate"));
  CHECK_THAT(outcome.output, Contains("ok       upstream-ca  " + identity.cert + ": 1 certificate\n"));
  CHECK_THAT(outcome.output, Contains("must prove to be 192.0.2.1\n"));
  CHECK_THAT(outcome.output, Contains("0 errors, 0 warnings\n"));
}

TEST_CASE("the option --check names the file that the proxy could not serve with, and exits with 2") {
  const Identity identity, other;
  const auto refused = [&](const std::string& line) {
    const Outcome outcome = identity.check();
    CAPTURE(outcome.output);
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.output, Contains(line) && Contains("\n1 error, "));
  };
  SECTION("a key of another certificate") {
    std::filesystem::copy_file(other.key, identity.key, std::filesystem::copy_options::overwrite_existing);
    refused("error    key          " + identity.key + ": does not match the certificate " + identity.cert +
            "; try: ");
  }
  SECTION("no key") {
    std::filesystem::remove(identity.key);
    refused("error    key          " + identity.key + ": No such file or directory; try: ");
  }
  SECTION("no certificate") {
    std::filesystem::remove(identity.cert);
    refused("error    certificate  " + identity.cert + ": No such file or directory; try: ");
  }
  SECTION("a certificate that is none") {
    write(identity.cert, "hello\n");
    refused("error    certificate  " + identity.cert + ": no certificate in PEM format; try: ");
  }
}

TEST_CASE(
    "the option --check of a certificate that has expired is an error, of one that soon will a warning") {
  const Outcome expired = Identity(-48h).check();
  CHECK(expired.exit_code == 2);
  CHECK_THAT(expired.output, Contains("error    certificate  ") && Contains(": CN=under test expired on "));
  const Outcome soon = Identity(24h * 5 + 1h).check();
  CHECK(soon.exit_code == 0);
  CHECK_THAT(soon.output, Contains("warning  certificate  ") && Contains("expires soon: valid until ") &&
                              Contains(", 5 days; try: renew it\n") && Contains("0 errors, 1 warning\n"));
}

TEST_CASE("the option --check of a key that everybody can read is a warning that says what to do") {
  const Identity identity;
  chmod(identity.key.c_str(), 0644);
  const Outcome outcome = identity.check();
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.output,
             Contains(fmt::format("warning  key          {0}: everybody can read it; try: chmod o= {0}\n",
                                  identity.key)));
  chmod(identity.key.c_str(), 0640);
  CHECK_THAT(identity.check().output, Contains("0 errors, 0 warnings\n"));
}

TEST_CASE("the option --check=online says who each upstream proved to be, and how") {
  const LabResolver resolver;
  const Arguments trust = {"--listen", "tcp://127.0.0.1:0", "--upstream-ca", resolver.ca_file(),
                           "--check=online"};
  const Outcome good = run_proxyserver(Arguments{"--upstream", resolver.uri(Transport::tls)} + trust);
  CAPTURE(good.output, good.errors);
  CHECK(good.exit_code == 0);
  CHECK_THAT(good.output, Contains(resolver.uri(Transport::tls) + ": is lab.test, TLSv1.3, ") &&
                              Contains("certificate valid until ") && Contains(" to . NS in ") &&
                              Contains("(connected in "));

  // The other upstream is looked at all the same, and the exit code is that of the worst.
  const Outcome mixed = run_proxyserver(
      Arguments{"--upstream", "tls://127.0.0.1:1#dead.test", "--upstream", resolver.uri(Transport::tls)} +
      trust);
  CAPTURE(mixed.output);
  CHECK(mixed.exit_code == 3);
  CHECK_THAT(mixed.output, Contains("error    upstream     tls://127.0.0.1:1#dead.test: ") &&
                               Contains("refused") && Contains(": is lab.test, ") && Contains("1 error, "));
}

TEST_CASE("the option --check=online says why an upstream cannot be trusted, and exits with 3") {
  const auto [fault, words, advice] = GENERATE(table<std::string, std::string, std::string>({
      {"wrong-name", "name mismatch: wanted lab.test, found ", "behind the '#' of --upstream"},
      {"expired", "certificate expired: since ", "until its owner renews it"},
      {"wrong-ca", "untrusted issuer", "by --upstream-ca"},
      {"not-tls", "TLS protocol error", "port 853"},
  }));
  const LabResolver resolver({"--fault", fault});
  const Outcome outcome =
      run_proxyserver({"--listen", "tcp://127.0.0.1:0", "--upstream", resolver.uri(Transport::tls),
                       "--upstream-ca", resolver.ca_file(), "--check=online"});
  CAPTURE(outcome.output, outcome.errors);
  CHECK(outcome.exit_code == 3);
  CHECK_THAT(outcome.output, Contains("error    upstream     " + resolver.uri(Transport::tls)) &&
                                 Contains(words) && Contains("; try: ") && Contains(advice));
}

TEST_CASE("at the start it is said that the certificate has expired, and that everybody can read the key") {
  const auto errors_of = [](const Identity& identity) {
    Listening proxy(
        Arguments{PROXYSERVER_PROGRAM} + identity.options() + Arguments{"--upstream", "tcp://192.0.2.1"}, 1);
    return proxy.process().error_output();
  };
  const Identity sound, expired(-72h + 1h), soon(72h + 1h);
  chmod(expired.key.c_str(), 0644);
  CHECK_THAT(errors_of(sound), !Contains("certificate-") && !Contains("key-readable"));
  CHECK_THAT(errors_of(expired), Contains("error certificate-expired file=" + expired.cert + " since=") &&
                                     Contains(" days=2 ") &&
                                     Contains("warning key-readable file=" + expired.key + " by=everybody"));
  CHECK_THAT(errors_of(soon),
             Contains("warning certificate-expires file=" + soon.cert + " on=") && Contains(" days=3\n"));
}

TEST_CASE("the demo key is public, so that it can be read is nothing to warn of") {
  const TempDir folder;
  for (const char* name : {"cert.pem", "key.pem"}) {
    std::filesystem::copy_file(std::filesystem::path(EXERCISES) / "../../.." / name, folder.file(name));
    chmod(folder.file(name).c_str(), 0644);
  }
  const Arguments options = {"--listen", "tls://127.0.0.1:0",    "--cert",     folder.file("cert.pem"),
                             "--key",    folder.file("key.pem"), "--upstream", "tcp://192.0.2.1"};
  Listening proxy(Arguments{PROXYSERVER_PROGRAM} + options, 1);
  CHECK_THAT(proxy.process().error_output(), !Contains("key-readable"));
  const Outcome outcome = run_proxyserver(options + Arguments{"--check"});
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.output, Contains("ok       key ") &&
                                 Contains("the demo key, which is public: for this machine's own use"));
}

TEST_CASE("the annotated example is a file that works") {
  const Identity identity;
  const std::string example =
      std::filesystem::path(EXERCISES) / "../../../proxyserver/deploy/proxyserver.conf";
  const Outcome printed = run_proxyserver({"--config", example, "--print-config"});
  CAPTURE(printed.errors);
  CHECK(printed.exit_code == 0);
  const Outcome checked = run_proxyserver({"--config", example, "--cert", identity.cert, "--key",
                                           identity.key, "--upstream-ca", identity.cert, "--check"});
  CAPTURE(checked.output, checked.errors);
  CHECK(checked.exit_code == 0);
}
