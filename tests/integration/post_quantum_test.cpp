// The key exchange between the real programs: OpenSSL's first group on every leg, told by every view; a
// server that wants another one; and the exercise, which runs or says why not.
#include <fmt/format.h>
#include <sstream>

#include "tests/support/catch.h"
#include "tests/support/groups.h"
#include "tests/support/lab.h"

using Catch::Matchers::Contains;
using Catch::Matchers::Matches;
using net::Transport;

namespace {

Arguments to(const LabResolver& resolver) {
  return {"@" + resolver.uri(Transport::tls), "--ca", resolver.ca_file(), "google.com"};
}

}  // namespace

TEST_CASE("the leg to the proxy and the leg from it agree on the group that OpenSSL prefers") {
  const TempDir directory;
  const std::string trace = directory.file("trace"), chart = directory.file("chart.svg");
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, {"--trace", trace});
  const Outcome outcome =
      run_client({"@" + proxy.endpoint(Transport::tls).to_string(), "--ca", proxy.ca_file(), "--json",
                  "google.com", "--chart", chart, "--proxy-trace", trace});
  CAPTURE(outcome.errors);
  REQUIRE(outcome.exit_code == 0);
  REQUIRE(proxy.stop() == 0);
  const std::string group = preferred_group();
  CHECK_THAT(outcome.output, Contains(fmt::format(R"("group":"{}","post_quantum":{})", group, has_hybrid())));
  CHECK_THAT(
      content_of(trace),
      Matches(fmt::format("[^]* handshake [^\n]* group={0} [^]* connected [^\n]* group={0} [^]*", group)));
  CHECK_THAT(content_of(chart),
             Contains("ServerHello, " + group) && Contains("ready: TLSv1.3, " + group) &&
                 Contains(has_hybrid() ? "key: X25519MLKEM768 (hybrid, post-quantum)" : "key: x25519"));
}

TEST_CASE("client tells what the key exchange is, who can read it one day, and what it costs") {
  const LabResolver resolver;
  const Outcome outcome = run_client(to(resolver) + Arguments{"--explain", "--timeline"});
  REQUIRE(outcome.exit_code == 0);
  if (has_hybrid()) {
    for (const char* const part :
         {";; TLS: TLSv1.3, TLS_AES_128_GCM_SHA256, X25519MLKEM768 (hybrid, post-quantum), ALPN dot",
          "supported_groups: X25519MLKEM768, x25519",
          "key_share: X25519MLKEM768, 1216 octets (1184 of ML-KEM-768 and 32 of x25519); x25519, 32 octets\n",
          "key_share: X25519MLKEM768, 1120 octets (1088 of ML-KEM-768 and 32 of x25519)\n",
          "   X25519MLKEM768 is a hybrid: ", "   The price: 1248 octets of key shares sent and 1120 received",
          ";; key exchange   X25519MLKEM768 (hybrid, post-quantum), key shares of 1248 octets sent, 1120 "
          "received"})
      CHECK_THAT(outcome.output, Contains(part));
  } else {
    for (const char* const part :
         {", x25519, ALPN dot", "key_share: x25519, 32 octets\n", "   x25519 is classical: ",
          ";; key exchange   x25519, key shares of 32 octets sent, 32 received\n"})
      CHECK_THAT(outcome.output, Contains(part));
    CHECK_THAT(outcome.output, !Contains("The price: "));
  }
}

TEST_CASE(
    "client --groups offers these groups alone, and a server that has none of them fails the handshake") {
  const LabResolver resolver, stubborn({"--groups", "secp384r1"});
  const Outcome classical = run_client(to(resolver) + Arguments{"--groups", "x25519", "--explain"});
  CHECK(classical.exit_code == 0);
  CHECK_THAT(classical.output,
             Contains("supported_groups: x25519\n") &&
                 Contains("TLS is open: TLSv1.3, TLS_AES_128_GCM_SHA256, x25519; one round trip"));
  const Outcome refused = run_client(to(stubborn) + Arguments{"--groups", "x25519"});
  CHECK(refused.exit_code == 21);
  CHECK_THAT(refused.errors, Contains("handshake_failure"));
  const Outcome unknown = run_client(to(resolver) + Arguments{"--groups", "x25519:nonsense"});
  CHECK(unknown.exit_code == 1);
  CHECK_THAT(unknown.errors, Contains(" has no group 'nonsense'"));
  const Outcome in_clear = run_client({"+tcp", "google.com", "--groups", "x25519"});
  CHECK(in_clear.exit_code == 1);
  CHECK_THAT(in_clear.errors, Contains("only tls has a handshake"));
}

TEST_CASE("a server that takes secp384r1 alone asks for it: every view tells the HelloRetryRequest") {
  const TempDir directory;
  const std::string chart = directory.file("chart.svg");
  const LabResolver resolver({"--groups", "secp384r1"});
  const Outcome outcome =
      run_client(to(resolver) + Arguments{"--explain", "--eavesdropper", "--timeline", "--chart", chart});
  REQUIRE(outcome.exit_code == 0);
  for (const char* const part :
       {"HelloRetryRequest, 88 octets: once more, please", "key_share: secp384r1, please\n",
        "key_share: secp384r1, 97 octets\n", "secp384r1; 2 round trips", "HelloRetryRequest, wants"})
    CHECK_THAT(outcome.output, Contains(part));
  // Line by line: std::regex calls itself once for each character, too deep for output of this size.
  bool costs_two = false, calls_hello_encrypted = false;
  std::istringstream lines(outcome.output);
  for (std::string line, before; std::getline(lines, line); before = line) {
    costs_two |= line.contains("TLS handshake ") && line.ends_with(" 2  TLSv1.3, full");
    calls_hello_encrypted |= before.contains("encrypted") &&
                             (line.starts_with("   ClientHello") || line.starts_with("   ServerHello"));
  }
  CHECK(costs_two);
  CHECK_FALSE(calls_hello_encrypted);
  CHECK_THAT(content_of(chart), Contains("HelloRetryRequest, secp384r1"));
}

TEST_CASE("the exercise post-quantum runs with OpenSSL 3.5, and says that it is skipped with an older one") {
  const std::string exercise = EXERCISES "/15-post-quantum.sh";
  Process process({"/usr/bin/env", "PATH=" PROGRAM_PATH ":/usr/bin:/bin", "bash", exercise});
  const auto code = process.wait_exit(net::Deadline::in(std::chrono::seconds(50)));
  const std::string told = process.take_output();
  CAPTURE(told, process.error_output());
  CHECK(code == 0);
  const bool skipped = told.find("Skipped: this exercise needs OpenSSL 3.5") != std::string::npos;
  const bool shown = told.find("X25519MLKEM768, 1120 octets") != std::string::npos;
  CHECK(skipped == !has_hybrid());
  CHECK(shown == has_hybrid());
}
