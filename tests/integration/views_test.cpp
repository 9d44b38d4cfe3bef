// What client draws of a real run: --eavesdropper, --timeline, --chart, --bench. Pictures and tables of fixed
// recordings are in unit/client; here it is that they tell the truth of what passed.
#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <regex>

#include "tests/support/approved.h"
#include "tests/support/catch.h"
#include "tests/support/lab.h"

using Catch::Matchers::Contains;
using Catch::Matchers::Matches;
using net::Transport;

namespace {

Arguments to(const LabResolver& resolver) {
  return {"@" + resolver.endpoint(Transport::tls).to_string(),
          "--ca",
          resolver.ca_file(),
          "--tls-name",
          "lab.test",
          "+noall"};
}

// Times, and the sizes and octets that are random: of signatures, of IDs.
std::string filtered(const std::string& text) {
  static const std::pair<std::regex, const char*> kFilters[] = {
      {std::regex(R"(\n;; +\d+\.\d{3} )"), "\n;;      TIME "},
      {std::regex(R"(, \d+ octets, encrypted +\| (Certificate|NewSession))"), ", NNN octets, encrypted | $1"},
      {std::regex(R"(0000  .. .. )"), "0000  xx xx "},
      {std::regex(R"((06 67 6f 6f  )..)"), "$1xx"},
      {std::regex(R"(port \d{4,5})"), "port PORT"},
      {std::regex(R"((handshake, )\d+( octets: ClientHello))"), "$1NNN$2"},  // each OpenSSL has more to offer
  };
  std::string out = text;
  for (const auto& [pattern, word] : kFilters) out = std::regex_replace(out, pattern, word);
  return out;
}

}  // namespace

TEST_CASE("client --eavesdropper shows what a real connection lets out, and what it keeps") {
  const LabResolver resolver({"--groups", "x25519"});  // else a newer one says that it would prefer another
  const Outcome outcome =
      run_client(to(resolver) + Arguments{"--eavesdropper", "--groups", "x25519", "google.com"});
  CHECK(outcome.exit_code == 0);
  check_approved("client_eavesdropper", filtered(outcome.output));
}

TEST_CASE("client --timeline counts the round trips of a real connection") {
  const LabResolver resolver;
  const TempDir directory;
  const Arguments run =
      to(resolver) + Arguments{"--timeline", "google.com", "--session", directory.file("session")};
  CHECK_THAT(run_client(run).output,
             Matches("[^]*TLS handshake [^]* 1  TLSv1.3, full\n[^]* 1  google.com. IN A\n"
                     ";; in all +[0-9.]+  3\n;; key exchange [^\n]*received\n\n"));
  CHECK_THAT(run_client(run).output, Contains(" 1  TLSv1.3, resumed\n"));
  const TempDir other;
  const Arguments old = to(resolver) + Arguments{"--timeline", "google.com", "--tls-max",
                                                 "1.2",        "--session",  other.file("session")};
  CHECK_THAT(run_client(old).output,
             Matches("[^]* 2  TLSv1.2, full\n[^]*;; in all +[0-9.]+  4\n;; key exchange   x25519\n\n"));
  CHECK_THAT(run_client(old).output, Matches("[^]* 1  TLSv1.2, resumed\n[^]*;; in all +[0-9.]+  3\n\n"));
}

TEST_CASE("client --chart draws both legs where the proxy's trace tells the other one") {
  const LabResolver resolver;
  const TempDir directory;
  const Proxy proxy(resolver, Transport::tls, {"--trace", directory.file("trace")});
  const Arguments run = {"@" + proxy.endpoint(Transport::tls).to_string(), "--ca", proxy.ca_file(),
                         "google.com"};
  const std::string chart = directory.file("chart.svg");
  const Outcome outcome =
      run_client(run + Arguments{"--chart", chart, "--proxy-trace", directory.file("trace")});
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.errors, Contains("client: the chart is in " + chart));
  const std::string drawn = content_of(chart);
  for (const char* const part : {"ClientHello", "connects from port", "ready: TLSv1.3",
                                 " google.com. A<tspan", "NOERROR", "upstream resolver"})
    CHECK_THAT(drawn, Contains(part));

  const Outcome unwritable = run_client(run + Arguments{"--chart", directory.file("none/chart.svg")});
  CHECK(unwritable.exit_code == 10);
  CHECK(std::count(unwritable.errors.begin(), unwritable.errors.end(), '\n') == 1);
  const Outcome no_trace =
      run_client(run + Arguments{"--chart", chart, "--proxy-trace", directory.file("none")});
  CHECK(no_trace.exit_code == 10);
  CHECK_THAT(no_trace.errors, Contains("No such file"));
}

TEST_CASE("client --chart shows both sends of a query whose resolver died once") {
  const LabResolver dying({"--fault", "reset=lost.tag.test"}), other;
  const TempDir directory;
  const std::string both = directory.file("both.pem");
  std::ofstream(both) << content_of(dying.ca_file()) << content_of(other.ca_file());
  const Proxy proxy({"--upstream", dying.uri(Transport::tls), "--upstream", other.uri(Transport::tls),
                     "--upstream-ca", both, "--trace", directory.file("trace")});
  const std::string chart = directory.file("chart.txt");
  const Outcome outcome =
      run_client({"@" + proxy.endpoint(Transport::tls).to_string(), "--ca", proxy.ca_file(), "--fixed-id",
                  "4660", "--chart", chart, "--proxy-trace", directory.file("trace"), "lost.tag.test"});
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(content_of(chart), Matches("[^]*query 4660/[0-9]+ lost.tag.test. A[^]*"
                                        "proxy +-x resolver 1 +lost: the connection from port [0-9]+\n"
                                        "[^]*unanswered there: 4660\n[^]*"
                                        "again 4660/[0-9]+ lost.tag.test. A[^]*"
                                        "answer 4660/[0-9]+ lost.tag.test. A[^]*"
                                        "proxy +=> client +answer 4660 NOERROR[^]*"));
}

TEST_CASE("what client shows of a live run it shows again of the kept one, octet for octet") {
  const LabResolver resolver;
  const TempDir directory;
  for (const std::string view : {"--explain=expert", "--eavesdropper", "--timeline", "--json"}) {
    CAPTURE(view);
    const std::string file = directory.file("run" + view);
    const Outcome live = run_client(to(resolver) + Arguments{view, "google.com", "--save", file});
    const Outcome replayed = run_client({"--replay", file, view, "+noall"});
    CHECK(live.exit_code == 0);
    CHECK(replayed.exit_code == 0);
    CHECK(replayed.output == live.output);
  }
}

TEST_CASE("client --bench asks by every way, and counts round trips and octets") {
  const LabResolver resolver;
  const std::string port = std::to_string(resolver.endpoint(Transport::tcp).address.port());
  const Outcome outcome =
      run_client(to(resolver) + Arguments{"--bench", "20", "--clear-port", port, "google.com"});
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.errors, Contains("in clear") && !Contains("\r"));  // no progress bar but on a terminal
  const auto row = [](std::string_view name, std::string_view trips) {
    return fmt::format("[^]*;; {} +20( +[0-9.]+){{4}} +[0-9]+ +[0-9]+ +{}  #+\n[^]*", name, trips);
  };
  CHECK_THAT(outcome.output, Matches(row("full handshake", "3\\.00")));
  CHECK_THAT(outcome.output, Matches(row("resumed", "3\\.00")));
  CHECK_THAT(outcome.output, Matches(row("kept open", "1\\.00")));
  CHECK_THAT(outcome.output, Matches(row("pipelined", "0\\.[0-9]+")));
  CHECK_THAT(outcome.output, Matches(row("TCP, in clear", "2\\.00")));
  CHECK_THAT(outcome.output, Matches(row("UDP, in clear", "1\\.00")));
  CHECK_THAT(outcome.output, !Contains("handshakes were full"));
  const auto octets_in = [&](const std::string& name) {
    std::smatch found;
    REQUIRE(std::regex_search(outcome.output, found, std::regex(name + R"((?: +[0-9.]+){6} +([0-9]+))")));
    return std::stoi(found[1]);
  };
  CHECK(octets_in("resumed") + 200 < octets_in("full handshake"));  // no certificate comes
}

TEST_CASE("client --bench goes on where nothing answers in clear, and stops where TLS fails") {
  const LabResolver resolver, other;
  const Outcome no_clear =
      run_client(to(resolver) + Arguments{"--bench", "5", "--clear-port", "1", "google.com"});
  CHECK(no_clear.exit_code == 0);
  CHECK_THAT(no_clear.output,
             Contains("TCP, in clear: 3 of 3 failed, then given up, the first: 127.0.0.1:1 refused"));
  CHECK_THAT(no_clear.output, Contains("UDP, in clear: 3 of 3 failed"));
  const Outcome untrusted = run_client({"@" + resolver.endpoint(Transport::tls).to_string(), "--ca",
                                        other.ca_file(), "--bench", "5", "--clear-port", "1", "google.com"});
  CHECK(untrusted.exit_code == 22);
  CHECK_THAT(untrusted.errors, Contains("client: [tls] the certificate"));
  const Outcome nobody = run_client({"@127.0.0.1:1", "--ca", other.ca_file(), "--bench", "5", "google.com"});
  CHECK(nobody.exit_code == 20);
  CHECK(nobody.output.empty());
}
