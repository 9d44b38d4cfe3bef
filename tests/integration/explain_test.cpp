// client --explain against the classroom's resolver, over each transport: the story that a student reads, and
// that its octets add up.
#include <algorithm>
#include <regex>

#include "tests/support/approved.h"
#include "tests/support/catch.h"
#include "tests/support/lab.h"

using net::Transport;

namespace {

// The explanation alone, without what differs from run to run or from one OpenSSL to another: sizes that a
// certificate's signature changes, and what OpenSSL offers besides what it was told to.
std::string story(const std::string& output) {
  const std::size_t begin = output.find("CONNECTION to");
  const std::string_view last = " octets passed\n";
  const std::size_t end = output.rfind(last);
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  std::string text = output.substr(begin, end + last.size() - begin);
  const std::pair<std::regex, const char*> filters[] = {
      {std::regex(R"((\n    0  ).. ..( +ID = )\d+ *)"), "$1xx xx$2N  "},
      {std::regex(R"((<- record \w+, )\d+)"), "$1N"},
      {std::regex(R"((ClientHello, )\d+( octets[^\n]*)(\n      [^\n]*)*)"), "$1N$2\n      ..."},
      {std::regex(R"((-> record handshake, )\d+( octets, in clear))"), "$1N$2"},
      {std::regex(R"((Certificate|CertificateVerify|ServerKeyExchange|NewSessionTicket), \d+)"), "$1, N"},
      {std::regex(R"((ServerHello, )\d+)"), "$1N"},
      {std::regex(R"((key_share: )[^\n]*)"), "$1SHARE"},
      {std::regex(R"((\nTLS is open: [^\n]*)(\n   [^\n]*)*(\nTRUSTED))"),
       "$1\n   ...$3"},  // post_quantum_test.cpp
      {std::regex(R"(certificates: \d+)"), "certificates: N"},
      {std::regex(R"(sha256/[A-Za-z0-9+/=]+)"), "sha256/PIN"},
      {std::regex(R"(\d+( for handshake))"), "N$1"},
      {std::regex(R"(\d+( octets passed))"), "N$1"},
  };
  for (const auto& [pattern, word] : filters) text = std::regex_replace(text, pattern, word);
  return text;
}

Arguments asking(const LabResolver& resolver, Transport transport) {
  Arguments arguments = {"--explain", "@" + resolver.uri(transport)};
  if (transport == Transport::tls) arguments = arguments + Arguments{"--ca", resolver.ca_file()};
  return arguments;
}

std::size_t number_at(const std::smatch& match, std::size_t group) {
  return match[group].matched ? std::stoul(match[group]) : 0;
}

// Every line of sums: its parts add up to its whole. Returns how many there were.
int check_sums(const std::string& output) {
  int lines = 0;
  const std::regex layers(R"(\n   (sent|received) +([^\n=]*) = (\d+) octets)");
  for (std::sregex_iterator at(output.begin(), output.end(), layers), end; at != end; ++at, ++lines) {
    const std::string parts = (*at)[2];
    std::size_t sum = 0;
    const std::regex number(R"(\b\d+ (?=DNS|for|length|inner|nonce|tag|other|header|not))");
    for (std::sregex_iterator part(parts.begin(), parts.end(), number), none; part != none; ++part)
      sum += std::stoul(part->str());
    INFO(at->str());
    CHECK(sum == number_at(*at, 3));
  }
  return lines;
}

// The octets of annotated hex in each message, counted from the rows, are as many as the message says it has.
int check_owned(const std::string& output) {
  int messages = 0;
  std::size_t next = 0;
  std::size_t at = output.find("CONNECTION to");  // the answer in dig's manner comes before it
  const std::regex row(R"(^ {0,4}(\d+)  (([0-9a-f]{2}( [0-9a-f]{2})*)|([0-9a-f]{2}) x (\d+))( {2,}.*)?)");
  const std::regex total(R"(^ {0,4}(\d+)  octets in all.*)");
  while (at < output.size()) {
    const std::size_t end = std::min(output.find('\n', at), output.size());
    const std::string line = output.substr(at, end - at);
    CHECK(line.size() <= 110);
    std::smatch match;
    if (std::regex_match(line, match, row)) {
      INFO(line);
      CHECK(number_at(match, 1) == next);
      next += match[6].matched ? number_at(match, 6) : (match[3].str().size() + 1) / 3;
    } else if (std::regex_match(line, match, total)) {
      CHECK(number_at(match, 1) == next);
      next = 0;
      ++messages;
    }
    at = end + 1;
  }
  return messages;
}

}  // namespace

TEST_CASE("client explains a query over TLS, TCP and UDP") {
  const LabResolver resolver;
  for (const auto& [transport, name] : {std::pair{Transport::tls, "explain_tls"},
                                        {Transport::tcp, "explain_tcp"},
                                        {Transport::udp, "explain_udp"}}) {
    const Outcome outcome = run_client(asking(resolver, transport) + Arguments{"alias.example.com"});
    INFO(outcome.errors);
    CHECK(outcome.exit_code == 0);
    CHECK(check_owned(outcome.output) == 2);
    CHECK(check_sums(outcome.output) == 4);
    check_approved(name, story(outcome.output));
  }
}

TEST_CASE("client explains what TLS 1.2 leaves in clear") {
  const LabResolver resolver;
  const Outcome outcome =
      run_client(asking(resolver, Transport::tls) + Arguments{"--tls-max", "1.2", "google.com"});
  INFO(outcome.errors);
  CHECK(outcome.exit_code == 0);
  CHECK(check_sums(outcome.output) == 4);
  check_approved("explain_tls12", story(outcome.output));
}

TEST_CASE("client explains what it offers: name, versions, protocol, key") {
  const LabResolver resolver;
  const Outcome outcome = run_client(asking(resolver, Transport::tls) + Arguments{"google.com"});
  for (const char* const line :
       {"server_name (SNI): lab.test", "supported_versions: TLS 1.3, TLS 1.2", "ALPN: dot", "key_share: "}) {
    INFO(line);
    CHECK(outcome.output.find(line) != std::string::npos);
  }
}

TEST_CASE("every octet of an answer of sixty records and more has one owner in the explanation") {
  const LabResolver resolver;
  const Transport transport = GENERATE(Transport::tls, Transport::tcp);
  for (const Arguments& question : {Arguments{"hundred.example.com"}, Arguments{"big.example.com", "TXT"}}) {
    const Outcome outcome = run_client(asking(resolver, transport) + question);
    INFO(outcome.errors);
    CHECK(outcome.exit_code == 0);
    CHECK(check_owned(outcome.output) == 2);
    CHECK(check_sums(outcome.output) == 4);
    CHECK(outcome.output.find("ANSWER 60 of ") != std::string::npos);
  }
}

TEST_CASE("several questions on one connection are explained one by one, and their octets add up") {
  const LabResolver resolver;
  const Transport transport = GENERATE(Transport::tls, Transport::tcp, Transport::udp);
  const Outcome outcome =
      run_client(asking(resolver, transport) +
                 Arguments{"google.com", "A", "google.com", "MX", "nobody.example.com", "A"});
  INFO(outcome.errors);
  CHECK(outcome.exit_code == 0);
  CHECK(check_owned(outcome.output) == 6);
  CHECK(check_sums(outcome.output) >= 4);
}

TEST_CASE("a resumed connection is trusted without a certificate, and the explanation says why") {
  const LabResolver resolver;
  const TempDir directory;
  const Arguments run =
      asking(resolver, Transport::tls) + Arguments{"--session", directory.file("session.pem"), "google.com"};
  CHECK(run_client(run).output.find("TRUSTED: lab.test is among") != std::string::npos);
  const Outcome resumed = run_client(run);
  INFO(resumed.errors);
  CHECK(resumed.exit_code == 0);
  CHECK(resumed.output.find("TRUSTED without a certificate") != std::string::npos);
  CHECK(resumed.output.find("pre_shared_key: the ticket is accepted") != std::string::npos);
  CHECK(check_sums(resumed.output) == 4);
}

TEST_CASE("a run that fails is explained up to where it ended") {
  const LabResolver resolver({"--fault", "wrong-ca"});
  const Outcome outcome = run_client(asking(resolver, Transport::tls) + Arguments{"google.com"});
  CHECK(outcome.exit_code == 22);
  CHECK(outcome.output.find("issuer: CN=") != std::string::npos);
  CHECK(outcome.output.find("alert: fatal unknown_ca") != std::string::npos);
  CHECK(outcome.output.find("NOT TRUSTED: untrusted issuer. Nothing was asked.") != std::string::npos);
  CHECK(outcome.output.find("QUERY,") == std::string::npos);
  check_sums(outcome.output);
}

TEST_CASE("a server that does not speak TLS is explained as octets that are no records") {
  const LabResolver resolver({"--fault", "not-tls"});
  const Outcome outcome = run_client(asking(resolver, Transport::tls) + Arguments{"google.com"});
  CHECK(outcome.exit_code == 21);
  CHECK(outcome.output.find("NO TLS CONNECTION") != std::string::npos);
  check_sums(outcome.output);
}

TEST_CASE("an answer that does not decode is explained as far as it does") {
  const LabResolver resolver({"--fault", "malformed"});
  const Transport transport = GENERATE(Transport::tls, Transport::tcp);
  const Outcome outcome = run_client(asking(resolver, transport) + Arguments{"alias.example.com"});
  CHECK(outcome.exit_code == 28);
  CHECK(outcome.output.find("not read: truncated at octet ") != std::string::npos);
  CHECK(check_owned(outcome.output) == 2);
  check_sums(outcome.output);
}
