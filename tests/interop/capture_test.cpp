// What tshark makes of the captures that client and proxyserver write: with the secrets inside, DNS.
#include <algorithm>
#include <csignal>
#include <fmt/format.h>
#include <sstream>

#include "tests/interop/peer.h"
#include "tests/support/client_leg.h"

using net::Transport;

namespace {

const Arguments kNames = {"-T", "fields", "-e", "dns.qry.name"};

// The command's lines of output. It must read all of the file, and find no checksum wrong.
std::vector<std::string> run_tshark(const Arguments& command) {
  Process tshark(command + Arguments{"-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o",
                                     "udp.check_checksum:TRUE"});
  const auto code = tshark.wait_exit(net::Deadline::in(std::chrono::seconds(60)));
  INFO(tshark.error_output());
  REQUIRE(code == 0);
  std::vector<std::string> lines;
  std::istringstream output(tshark.take_output());
  for (std::string line; std::getline(output, line);) lines.push_back(line);
  return lines;
}

Arguments words_of(const std::string& text) {
  std::istringstream in(text);
  Arguments words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

Arguments decode_as(const net::Endpoint& endpoint) {
  return {"-d", fmt::format("{}.port=={},dns", to_string(endpoint.transport), endpoint.address.port())};
}

// Nothing in the file is other than it should be: a sequence number, a checksum, a record that does not
// decrypt.
void check_sound(const Arguments& read) {
  CHECK(run_tshark(read + Arguments{"-Y",
                                    "tcp.analysis.flags || _ws.malformed || ip.checksum.status == 0 || "
                                    "tcp.checksum.status == 0 || udp.checksum.status == 0"})
            .empty());
  CHECK(run_tshark(read + Arguments{"-Y", "tls.app_data && !dns && !tls.handshake && !tls.alert_message"})
            .empty());
}

}  // namespace

TEST_CASE(
    "the command that client prints shows the question and the answer in its capture, over all transports") {
  const auto tshark = find_peer("tshark");
  if (!tshark) return;
  const TempDir directory;
  const std::string file = directory.file("run.pcapng");
  const LabResolver resolver;
  const auto [transport, version] = GENERATE(table<Transport, const char*>(
      {{Transport::tls, "1.3"}, {Transport::tls, "1.2"}, {Transport::tcp, "1.3"}, {Transport::udp, "1.3"}}));
  CAPTURE(to_string(transport), version);
  const Outcome run = run_client(
      Arguments{"@" + resolver.uri(transport), "google.com", "--capture", file, "--tls-max", version} +
      (transport == Transport::tls ? Arguments{"--ca", resolver.ca_file()} : Arguments{}));
  REQUIRE(run.exit_code == 0);
  const std::string marker = "to read it: tshark ";
  REQUIRE(run.errors.find(marker) != std::string::npos);
  const Arguments command =
      Arguments{*tshark} + words_of(run.errors.substr(run.errors.find(marker) + marker.size()));
  CHECK(run_tshark(command + kNames) == std::vector<std::string>(2, "google.com"));
  check_sound(Arguments{*tshark, "-r", file} + decode_as(resolver.endpoint(transport)));
}

TEST_CASE("a run that failed leaves its packets up to the alert") {
  const auto tshark = find_peer("tshark");
  if (!tshark) return;
  const TempDir directory;
  const std::string file = directory.file("run.pcapng");
  const LabResolver resolver;
  const Outcome run = run_client({"@" + resolver.endpoint(Transport::tls).to_string() + "#wrong.test",
                                  "google.com", "--ca", resolver.ca_file(), "--capture", file});
  REQUIRE(run.exit_code == 23);
  CHECK(run_tshark({*tshark, "-r", file, "-Y", "tls.alert_message", "-T", "fields", "-e",
                    "tls.alert_message.desc"}) == std::vector<std::string>{"42"});  // bad_certificate
}

TEST_CASE("tshark reads every name on both legs in a capture by proxyserver") {
  const auto tshark = find_peer("tshark");
  if (!tshark) return;
  const TempDir directory;
  const std::string file = directory.file("proxy.pcapng");
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, kWithUdp + Arguments{"--capture", file});
  Arguments read = Arguments{*tshark, "-r", file} + decode_as(resolver.endpoint(Transport::tls));
  std::vector<std::string> expected;
  for (const Transport leg : kAllLegs) {
    const std::string name = fmt::format("{}.tag.test", to_string(leg));
    for (int i = 0; i < 2; ++i)  // over TLS the second time resumes the session
      ClientLeg(proxy, leg).ask(make_query(name + '.', dns::type::A));
    read = read + decode_as(proxy.endpoint(leg));
    expected.insert(expected.end(), 2 * 4, name);  // question and answer, on both legs
  }
  REQUIRE(proxy.stop() == 0);
  std::vector<std::string> names = run_tshark(read + Arguments{"-Y", "dns"} + kNames);
  std::ranges::sort(names);
  std::ranges::sort(expected);
  CHECK(names == expected);
  check_sound(read);
}

TEST_CASE("the capture of a proxyserver that was killed is whole") {
  const auto tshark = find_peer("tshark");
  if (!tshark) return;
  const TempDir directory;
  const std::string file = directory.file("proxy.pcapng");
  const LabResolver resolver;
  Process proxy({PROXYSERVER_PROGRAM, "--listen", "tcp://127.0.0.1:0", "--upstream",
                 resolver.uri(Transport::tls), "--upstream-ca", resolver.ca_file(), "--capture", file});
  const std::string line = proxy.read_line(net::Deadline::in(std::chrono::seconds(20)));
  const net::Endpoint endpoint = net::parse_endpoint(line.substr(line.find(' ') + 1)).value();
  DotConnection client(endpoint);
  client.ask(make_query("first.tag.test.", dns::type::A));
  client.ask(make_query("second.tag.test.", dns::type::A));
  proxy.signal(SIGKILL);
  REQUIRE(proxy.wait_exit(net::Deadline::in(std::chrono::seconds(20))) == 128 + SIGKILL);
  const auto names = run_tshark(Arguments{*tshark, "-r", file, "-Y", "dns"} + kNames + decode_as(endpoint) +
                                decode_as(resolver.endpoint(Transport::tls)));
  CHECK(std::ranges::count(names, "first.tag.test") == 4);
  CHECK(std::ranges::count(names, "second.tag.test") >= 3);  // its last packet may be what the kill cut off
}
