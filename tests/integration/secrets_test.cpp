// Files that hold secrets: key logs and captures, by client and proxyserver. What tshark makes of captures is
// tests/interop/capture_test.cpp's.
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <sys/stat.h>

#include "common/dns/codes.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"

using net::Transport;

namespace {

bool is_private(const std::string& file) {
  struct stat facts {};
  return stat(file.c_str(), &facts) == 0 && (facts.st_mode & 0777) == 0600;
}

bool is_hex(const std::string& text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// The lines of a key log: by each connection's client random, the labels of its secrets.
std::map<std::string, std::set<std::string>> labels_in(const std::string& file) {
  std::map<std::string, std::set<std::string>> labels;
  std::istringstream in(content_of(file));
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string label, random, secret, more;
    words >> label >> random >> secret;
    CAPTURE(line);
    CHECK(is_hex(random, 64));
    CHECK(is_hex(secret, 64));  // SHA-256
    CHECK_FALSE(words >> more);
    labels[random].insert(label);
  }
  return labels;
}

const std::set<std::string> kAllLabels = {"CLIENT_HANDSHAKE_TRAFFIC_SECRET",
                                          "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
                                          "SERVER_TRAFFIC_SECRET_0", "EXPORTER_SECRET"};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

Arguments question(const LabResolver& resolver, Transport transport) {
  return Arguments{"@" + resolver.uri(transport), "google.com", "--short"} +
         (transport == Transport::tls ? Arguments{"--ca", resolver.ca_file()} : Arguments{});
}

}  // namespace

TEST_CASE("client and proxyserver log the same secrets of the connection they share, and warn of it") {
  const TempDir directory;
  const std::string clients = directory.file("client.keys"), proxys = directory.file("proxy.keys");
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, {"--keylog", proxys});
  const Outcome run = run_client({"@" + proxy.endpoint(Transport::tls).address.to_string(), "--ca",
                                  proxy.ca_file(), "--short", "google.com", "--keylog", clients});
  CHECK(run.exit_code == 0);
  CHECK(run.output == "192.0.2.46\n");
  CHECK(run.errors ==
        fmt::format("client: warning: {} holds the secrets of this run: anybody who has it can read what "
                    "was encrypted\n",
                    clients));
  REQUIRE(proxy.stop() == 0);
  CHECK(count(proxy.process().error_output(), "warning secrets-written file=" + proxys) == 1);
  CHECK(is_private(clients));
  CHECK(is_private(proxys));

  const auto by_client = labels_in(clients), by_proxy = labels_in(proxys);
  REQUIRE(by_client.size() == 1);
  CHECK(by_client.begin()->second == kAllLabels);
  REQUIRE(by_proxy.size() == 2);  // both legs
  for (const auto& [random, labels] : by_proxy) CHECK(labels == kAllLabels);
  CHECK(by_proxy.contains(by_client.begin()->first));
  std::istringstream lines(content_of(clients));
  for (std::string line; std::getline(lines, line);) CHECK(count(content_of(proxys), line + '\n') == 1);
}

TEST_CASE("both programs take the key log's name from SSLKEYLOGFILE, unless an option names another") {
  const TempDir directory;
  const std::string by_environment = directory.file("environment"), by_option = directory.file("option");
  const LabResolver resolver;
  const Arguments environment = {"/usr/bin/env", "SSLKEYLOGFILE=" + by_environment};
  const bool named = GENERATE(false, true);
  const Arguments option = named ? Arguments{"--keylog", by_option} : Arguments{};
  const auto used = [&] { return labels_in(named ? by_option : by_environment).size(); };

  Process client(environment + Arguments{CLIENT_PROGRAM} + question(resolver, Transport::tls) + option);
  CHECK(client.wait_exit(net::Deadline::in(std::chrono::seconds(20))) == 0);
  CHECK(used() == 1);

  Listening proxy(environment +
                      Arguments{PROXYSERVER_PROGRAM, "--listen", "tcp://127.0.0.1:0", "--upstream",
                                resolver.uri(Transport::tls), "--upstream-ca", resolver.ca_file()} +
                      option,
                  1);
  CHECK(DotConnection(proxy.endpoint(Transport::tcp)).ask(make_query("google.com.", dns::type::A)).rcode() ==
        dns::rcode::NOERROR);
  CHECK(proxy.stop() == 0);
  CHECK(used() == 2);
  if (named) CHECK(content_of(by_environment).empty());
}

TEST_CASE("files of secrets are for their owner alone, even where others could read them before") {
  const TempDir directory;
  const auto open_to_all = [&](const std::string& name) {
    std::ofstream(directory.file(name)).put('\n');
    REQUIRE(chmod(directory.file(name).c_str(), 0644) == 0);
    return directory.file(name);
  };
  const std::string session = directory.file("session");
  open_to_all("session.part");  // of a run that was killed
  const Arguments clients = {
      "--keylog", open_to_all("keys"), "--capture", open_to_all("capture"), "--session", session};
  const Arguments proxys = {"--keylog", open_to_all("proxy.keys"), "--capture", open_to_all("proxy.capture"),
                            "--trace",  open_to_all("proxy.trace")};
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, proxys);
  CHECK(run_client(Arguments{"@" + proxy.endpoint(Transport::tls).to_string(), "--ca", proxy.ca_file(),
                             "google.com"} +
                   clients)
            .exit_code == 0);
  REQUIRE(proxy.stop() == 0);
  for (const char* name : {"keys", "capture", "session", "proxy.keys", "proxy.capture", "proxy.trace"}) {
    CAPTURE(name);
    CHECK(is_private(directory.file(name)));
    CHECK(content_of(directory.file(name)).size() > 1);
  }
}

TEST_CASE("a pipe for secrets that nobody reads stops both programs at once, in one line") {
  const TempDir directory;
  const std::string pipe = directory.file("pipe");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  const LabResolver resolver;
  const Outcome run = run_client(question(resolver, Transport::tls) + Arguments{"--keylog", pipe});
  CHECK(run.exit_code == 10);
  CHECK(run.output.empty());
  CHECK(count(run.errors, "\n") == 1);
  CHECK(count(run.errors, pipe + ": a pipe that nobody reads") == 1);
  Process proxy({PROXYSERVER_PROGRAM, "--listen", "tcp://127.0.0.1:0", "--trace", pipe});
  CHECK(proxy.wait_exit(net::Deadline::in(std::chrono::seconds(20))) == 1);
  CHECK(count(proxy.error_output(), pipe + ": a pipe that nobody reads") == 1);
}

TEST_CASE("client does not warn of a capture that holds no secrets, since no TLS came of it") {
  const TempDir directory;
  const std::string file = directory.file("run.pcapng");
  const LabResolver resolver({"--fault", "not-tls"});
  const Outcome run = run_client(question(resolver, Transport::tls) + Arguments{"--capture", file});
  CHECK(run.exit_code == 21);
  CHECK(count(run.errors, "holds the secrets") == 0);
  CHECK(count(run.errors, "client: to read it: tshark") == 1);
  // All that the server sent, in as many packets as OpenSSL has reads for it: 3.2 and later take five octets
  // first.
  CHECK(count(content_of(file), "HTTP/") == 1);
  CHECK(count(content_of(file), "1.1 400") == 1);
}

TEST_CASE("client says how to read its capture, and warns of it exactly where it holds secrets") {
  const TempDir directory;
  const std::string file = directory.file("run.pcapng");
  const LabResolver resolver;
  const Transport transport = GENERATE(Transport::tls, Transport::tcp, Transport::udp);
  const Outcome run = run_client(question(resolver, transport) + Arguments{"--capture", file});
  CHECK(run.exit_code == 0);
  CHECK(run.output == "192.0.2.46\n");
  CAPTURE(run.errors);
  CHECK(count(run.errors, "client: warning: " + file + " holds the secrets") ==
        (transport == Transport::tls ? 1 : 0));
  CHECK(count(run.errors, fmt::format("client: to read it: tshark -r {} -d {}.port=={},dns -Y dns\n", file,
                                      to_string(transport), resolver.endpoint(transport).address.port())) ==
        1);
  CHECK(is_private(file));
  CHECK(count(content_of(file), "TRAFFIC_SECRET") == (transport == Transport::tls ? 4 : 0));
}

TEST_CASE(
    "a capture that cannot be written costs exit code 10 and one line, and the answer is shown all the "
    "same") {
  const LabResolver resolver;
  const auto [file, reason] = GENERATE(table<const char*, const char*>(
      {{"/nonexistent/run.pcapng", "No such file or directory"}, {"/dev/full", "No space left on device"}}));
  const Outcome run = run_client(question(resolver, Transport::tls) + Arguments{"--capture", file});
  CHECK(run.exit_code == 10);
  CHECK(run.output == "192.0.2.46\n");
  CHECK(run.errors ==
        fmt::format("client: [capture] the packets cannot be kept; write {}: {}; try another place\n", file,
                    reason));
}

TEST_CASE("a key log that cannot be written stops the client before anything is sent, in one line") {
  const LabResolver resolver;
  const Outcome run =
      run_client(question(resolver, Transport::tls) + Arguments{"--keylog", "/nonexistent/keys"});
  CHECK(run.exit_code == 10);
  CHECK(run.output.empty());
  CAPTURE(run.errors);
  CHECK(count(run.errors, "\n") == 1);
  CHECK(count(run.errors, "/nonexistent/keys: No such file or directory") == 1);
}

TEST_CASE("proxyserver does not start where a file that it is to write cannot be opened") {
  const std::string option = GENERATE("--keylog", "--capture", "--trace");
  Process proxy({PROXYSERVER_PROGRAM, "--listen", "tcp://127.0.0.1:0", option, "/nonexistent/file"});
  CHECK(proxy.wait_exit(net::Deadline::in(std::chrono::seconds(20))) == 1);
  const std::string complaint = proxy.error_output();
  CAPTURE(complaint);
  CHECK(count(complaint, "\n") == 1);
  CHECK(count(complaint, "/nonexistent/file: No such file or directory") == 1);
  CHECK(proxy.take_output().empty());
}

TEST_CASE("proxyserver without a certificate names both places where it looked, and the option") {
  const TempDir directory;
  Process proxy({"/usr/bin/env", "-C", directory.file(""), PROXYSERVER_PROGRAM});
  CHECK(proxy.wait_exit(net::Deadline::in(std::chrono::seconds(20))) == 1);
  const std::string complaint = proxy.error_output();
  CAPTURE(complaint);
  CHECK(complaint.starts_with("proxyserver: neither cert.pem here nor /"));
  CHECK(count(complaint, "/cert.pem: name one with --cert; ") == 1);
}

TEST_CASE("a full disk ends the proxy's capture, not its service") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, {"--capture", "/dev/full"});
  for (int i = 0; i < 2; ++i)
    CHECK(proxy.connect(Transport::tls).ask(make_query("google.com.", dns::type::A)).rcode() ==
          dns::rcode::NOERROR);
  CHECK(count(proxy.process().error_output(), "warning capture-ended") == 1);
}

TEST_CASE("a key log or a trace that cannot be written is said once in the log, and queries are answered") {
  const LabResolver resolver;
  const auto [option, event] = GENERATE(
      table<const char*, const char*>({{"--keylog", "keylog-incomplete"}, {"--trace", "trace-incomplete"}}));
  Proxy proxy(resolver, Transport::tls, {option, "/dev/full"});
  for (int i = 0; i < 2; ++i)
    CHECK(proxy.connect(Transport::tls).ask(make_query("google.com.", dns::type::A)).rcode() ==
          dns::rcode::NOERROR);
  const std::string log = proxy.process().error_output();
  CAPTURE(log);
  CHECK(count(log, fmt::format("warning {} file=/dev/full reason=\"No space left on device\"", event)) == 1);
  CHECK(count(log, event) == 1);
}

TEST_CASE("a client's key log that cannot be written costs exit code 10 and one line, and not the answer") {
  const LabResolver resolver;
  const Outcome run = run_client(question(resolver, Transport::tls) + Arguments{"--keylog", "/dev/full"});
  CHECK(run.exit_code == 10);
  CHECK(run.output == "192.0.2.46\n");
  CHECK(run.errors ==
        "client: [keylog] the secrets cannot be kept; write /dev/full: No space left on device; "
        "try another place\n");
}
