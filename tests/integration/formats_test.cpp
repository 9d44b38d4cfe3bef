// The client for scripts and for comparing: JSON, batches, EDNS by options, one question three ways.
#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <regex>

#include "common/dns/codes.h"
#include "tests/support/approved.h"
#include "tests/support/catch.h"
#include "tests/support/lab.h"
#include "tests/support/scripted_upstream.h"

using net::Transport;

namespace {

Arguments asking(const LabResolver& resolver) {
  return {"@" + resolver.endpoint(Transport::tls).to_string(), "--ca", resolver.ca_file()};
}

Arguments asking(const Proxy& proxy) {
  return {"@" + proxy.endpoint(Transport::tls).to_string(), "--ca", proxy.ca_file()};
}

std::ptrdiff_t line_count(const std::string& text) {
  return std::ranges::count(text, '\n');
}

// What differs between runs in JSON alone.
std::string steady(std::string json) {
  static const std::pair<std::regex, const char*> kFilters[] = {
      {std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"), "DATE"},
      {std::regex(R"re(("(dateSeconds|ID|port)":)\d+)re"), "$1N"},
      {std::regex(R"re(("\w+_ms":)\d+\.\d+)re"), "$1N"},
      {std::regex(R"re(sha256/[\w+/=]+)re"), "sha256/PIN"},
      {std::regex(R"re("suite":"\w+")re"), "\"suite\":\"SUITE\""},
  };
  for (const auto& [pattern, word] : kFilters) json = std::regex_replace(json, pattern, word);
  return json;
}

// A batch of names, each with an address of its own (see labresolver --help).
std::string batch_of(std::size_t count, const TempDir& directory) {
  const std::string file = directory.file("names");
  std::ofstream names(file);
  for (std::size_t i = 0; i < count; ++i) names << "n" << i << ".tag.test TXT\n";
  return file;
}

}  // namespace

TEST_CASE("client --json prints one object per question, and one for each that failed") {
  const LabResolver resolver;
  const Outcome answered =
      run_client(asking(resolver) + Arguments{"--json", "example.com", "MX", "nobody.example.com", "AAAA"});
  CHECK(answered.exit_code == 0);
  CHECK(line_count(answered.output) == 2);
  const LabResolver wrong({"--fault", "wrong-name"});
  const Outcome failed = run_client(asking(wrong) + Arguments{"--json", "example.com", "www.example.com"});
  CHECK(failed.exit_code == 23);
  CHECK(line_count(failed.output) == 2);
  CHECK(line_count(failed.errors) == 1);  // a person is still told
  check_approved("client_json", steady(answered.output + failed.output));
}

TEST_CASE("a batch of five thousand goes through the proxy over one connection, answered in order") {
  constexpr std::size_t kCount = 5000;
  const LabResolver resolver({"--fault", "reorder=20"});
  const Proxy proxy(resolver, Transport::tls);
  const TempDir directory;
  const Outcome outcome = run_client(
      asking(proxy) + Arguments{"--batch", batch_of(kCount, directory), "--short", "--timeout", "50"});
  CHECK(outcome.exit_code == 0);
  std::string expected;
  for (std::size_t i = 0; i < kCount; ++i) expected += fmt::format("\"n{}.tag.test.\"\n", i);
  CHECK(outcome.output == expected);
}

TEST_CASE("a batch comes from standard input too, and no name of a bad one is asked") {
  const LabResolver resolver;
  const TempDir directory;
  const std::string good = directory.file("good");
  std::ofstream(good) << "# a comment\ngoogle.com\n\nexample.com MX ; another\n";
  Process shell({"/bin/sh", "-c", "exec \"$0\" \"$@\" < " + good, CLIENT_PROGRAM,
                 "@" + resolver.endpoint(Transport::tls).to_string(), "--ca", resolver.ca_file(), "-f", "-",
                 "+noall", "+answer"});
  CHECK(shell.wait_exit(net::Deadline::in(std::chrono::seconds(20))) == 0);
  CHECK(shell.take_output().find("example.com.\t\t3600\tIN\tMX\t20 mx.example.net.\n") != std::string::npos);

  const ScriptedUpstream upstream(Transport::tcp, [](const ScriptedUpstream::Seen& query) {
    return dns::encode(answer_to(query.message()));
  });
  const std::string bad = directory.file("bad");
  std::ofstream(bad) << "good.example\nb..d\n";
  const Outcome outcome = run_client({"@" + upstream.as_upstream()[1], "-f", bad});
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.output.empty());
  CHECK(outcome.errors.starts_with("client: [usage] " + bad + ":2: 'b..d' is not a name: "));
  CHECK(line_count(outcome.errors) == 1);
  CHECK(upstream.seen().empty());
}

TEST_CASE("EDNS options go out as asked for, and what comes back is shown as dig shows it") {
  const ScriptedUpstream upstream(Transport::tcp, [](const ScriptedUpstream::Seen& query) {
    dns::Message answer = answer_to(query.message());
    Bytes cookie = query.message().edns->find(dns::option::COOKIE)->value;
    cookie.resize(16, 0xab);
    const Bytes name = {'l', 'a', 'b', '-', '1'};
    answer.edns->options = {{dns::option::NSID, name},
                            {dns::option::CLIENT_SUBNET, {0, 1, 24, 20, 192, 0, 2}},
                            {dns::option::COOKIE, cookie},
                            {dns::option::KEEPALIVE, {0, 100}},
                            dns::extended_error(dns::ede::PROHIBITED, "because\n")};
    return dns::encode(answer);
  });
  const std::string server = "@" + upstream.as_upstream()[1];
  const Arguments options = {
      "--nsid", "--cookie=0102030405060708", "--subnet", "192.0.2.77/24", "--keepalive", "--pad", "64"};
  const Outcome text = run_client(Arguments{server} + options + Arguments{"+nocmd", "a.example"});
  CHECK(text.exit_code == 0);
  CHECK(upstream.last_seen().octets.size() % 64 == 0);
  CHECK(upstream.last_seen().message().edns->find(dns::option::CLIENT_SUBNET)->value ==
        Bytes{0, 1, 24, 0, 192, 0, 2});
  const Outcome json = run_client(Arguments{server} + options + Arguments{"+json", "a.example"});
  CHECK(json.exit_code == 0);
  check_approved("client_edns", text.output + steady(json.output));
}

TEST_CASE("client --compare asks over TLS, TCP and UDP and says what differs") {
  const LabResolver resolver;  // on one port for both: where UDP says TC, TCP must be able to say the rest
  const std::string port = std::to_string(resolver.endpoint(Transport::udp).address.port());
  const Arguments compare = asking(resolver) + Arguments{"--compare", "--clear-port", port};
  const Outcome same = run_client(compare + Arguments{"example.com", "large.example.com", "TXT"});
  CHECK(same.exit_code == 0);
  CHECK(line_count(same.errors) == 1);  // the warning

  const ScriptedUpstream liar(Transport::tcp, [](const ScriptedUpstream::Seen& query) {
    dns::Message answer = answer_to(query.message());
    answer.header.rcode = dns::rcode::NXDOMAIN;
    return dns::encode(answer);
  });
  const std::string uri = liar.as_upstream()[1];
  const std::string liars_port = uri.substr(uri.rfind(':') + 1);
  const Outcome other =
      run_client(asking(resolver) + Arguments{"--compare", "--clear-port", liars_port, "example.com"});
  CHECK(other.exit_code == 20);  // nobody is there over UDP
  std::string text = same.errors + same.output + other.errors + other.output;
  // The columns are as wide as the times in them.
  text = std::regex_replace(text, std::regex(R"(port \d+)"), "port N");
  text = std::regex_replace(text, std::regex(R"(\d+\.\d ms *)"), "N ms ");
  check_approved("client_compare", text);
}

TEST_CASE("colour goes to a terminal, or where it is told to go") {
  const LabResolver resolver;
  const Arguments run = asking(resolver) + Arguments{"+noall", "+answer", "example.com"};
  CHECK(run_client(run).output == "example.com.\t\t3600\tIN\tA\t192.0.2.10\n");
  CHECK(run_client(run + Arguments{"--color", "always"}).output ==
        "\033[1mexample.com.\033[0m\t\t3600\tIN\t\033[36mA\033[0m\t192.0.2.10\n");
  CHECK(run_client(run + Arguments{"--color", "always", "--short"}).output == "192.0.2.10\n");
  const Outcome failed =
      run_client({"@127.0.0.1:1", "--ca", resolver.ca_file(), "--color", "always", "a.example"});
  CHECK(failed.errors.starts_with("\033[31mclient: [connect] "));
}
