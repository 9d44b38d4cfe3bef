// Certificates read into facts, the demo identity first.
#include <chrono>

#include "tests/support/catch.h"
#include "tests/unit/tls/wire.h"

using namespace tls_test;
using std::chrono::days;

namespace {

// The facts of the certificate that `identity` shows to a client who takes anything.
tls::CertificateFacts shown(const tls::Identity& identity) {
  const TempDir directory;
  const tls::ServerContext server_context(directory.write("cert.pem", identity.certificate),
                                          directory.write("key.pem", identity.key));
  const tls::ClientContext client_context(
      tls::ClientOptions{.ca_file = {}, .auth_name = "any.example", .sni = {}, .verify = false});
  End server(server_context), client(client_context);
  shake(client, server);
  REQUIRE(client.stream.facts().peer);
  return *client.stream.facts().peer;
}

}  // namespace

TEST_CASE("A certificate's facts: subject, issuer, SANs, dates, pin (RFC 7858 §4.2)") {
  const tls::CertificateFacts facts = shown(tls::issue(
      {.common_name = "dot.example",
       .names = {"DNS:dot.example", "DNS:*.dot.example", "IP:192.0.2.1", "IP:2001:db8::53", "URI:tls://x"}},
      classroom().ca));
  CHECK(facts.subject == "CN=dot.example");
  CHECK(facts.issuer == "CN=Classroom CA");
  CHECK(facts.names == std::vector<std::string>{"DNS:dot.example", "DNS:*.dot.example", "IP:192.0.2.1",
                                                "IP:2001:db8::53", "URI:tls://x"});
  CHECK(facts.not_before < std::chrono::system_clock::now());
  CHECK(facts.not_after - facts.not_before == days(1) + std::chrono::hours(1));
  CHECK(facts.pin.size() == 44);  // 32 octets in base64
  CHECK(facts.pin.ends_with('='));
}

TEST_CASE("What a certificate says cannot reach a terminal raw (RFC 2253 §2.4)") {
  const tls::CertificateFacts facts = shown(
      tls::issue_self_signed({.common_name = "a,b\x1b[31m\n\xc3\xa9", .names = {"DNS:bad\x1b[31m name\\"}}));
  CHECK(facts.subject == "CN=a\\,b\\1B[31m\\0A\\C3\\A9");
  CHECK(facts.names == std::vector<std::string>{"DNS:bad\\x1b[31m\\x20name\\x5c"});
}

TEST_CASE("A certificate without SANs has none") {
  CHECK(shown(tls::issue_self_signed({.common_name = "x", .names = {}})).names.empty());
}

TEST_CASE("The demo identity is right for localhost, is its own anchor, and lasts twenty years") {
  const std::string cert = SOURCE_DIR "/cert.pem";
  const tls::ServerContext server_context(cert, SOURCE_DIR "/key.pem");
  for (const char* name : {"localhost", "127.0.0.1", "::1"}) {
    const tls::ClientContext client_context({.ca_file = cert, .auth_name = name, .sni = {}});
    End server(server_context), client(client_context);
    shake(client, server);
    REQUIRE(client.stream.handshaken());
    const tls::CertificateFacts facts = *client.stream.facts().peer;
    CHECK(facts.names == std::vector<std::string>{"DNS:localhost", "IP:127.0.0.1", "IP:::1"});
    CHECK(facts.not_after - facts.not_before > days(20 * 366));
    CHECK(facts.pin == server_context.pin());
  }
}

TEST_CASE("A certificate that never ends, as RFC 5280 §4.1.2.5 writes it, has its date in UTC") {
  const std::chrono::sys_seconds never{std::chrono::seconds{253402300799}};
  const std::tm date = tls::utc(never);
  CHECK(date.tm_year + 1900 == 9999);
  CHECK(date.tm_mon == 11);
  CHECK(date.tm_mday == 31);
  CHECK(date.tm_hour == 23);
}
