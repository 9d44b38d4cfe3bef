// Whom the client believes: RFC 8310 §8.1, RFC 5280, RFC 6125. Each refusal says why, in facts.
#include <chrono>

#include "tests/support/catch.h"
#include "tests/unit/tls/wire.h"

using namespace tls_test;
using tls::ClientContext;
using tls::IssueOptions;
using tls::ServerContext;
using Kind = tls::TlsError::Kind;
using std::chrono::hours;

namespace {

// Connects to a server with this identity; the client's failure, if it failed.
std::optional<tls::TlsError> meet(const tls::Identity& identity, const tls::ClientOptions& options) {
  const TempDir directory;
  const ServerContext server_context(directory.write("cert.pem", identity.certificate),
                                     directory.write("key.pem", identity.key));
  const ClientContext client_context(options);
  End server(server_context), client(client_context);
  shake(client, server);
  return client.error;
}

std::optional<tls::TlsError> meet(const IssueOptions& options, const std::string& name) {
  return meet(tls::issue(options, classroom().ca), classroom().options(name));
}

}  // namespace

TEST_CASE("A SAN that carries the name or the address is accepted (RFC 8310 §8.1)") {
  const std::vector<std::string> names = {"DNS:dot.example", "DNS:*.wild.example", "IP:192.0.2.1",
                                          "IP:2001:db8::1", "IP:fe80::1"};
  const IssueOptions options{.common_name = "x", .names = names};
  for (const char* name : {"dot.example", "DOT.example", "dot.example.", "a.wild.example", "192.0.2.1",
                           "2001:db8::1", "2001:DB8:0::1", "fe80::1%lo"}) {
    CAPTURE(name);
    CHECK_FALSE(meet(options, name));
  }
  for (const char* name : {"example", "other.dot.example", "wild.example", "a.b.wild.example", "192.0.2.2",
                           "2001:db8::2", "x", "127.0.0.1"}) {
    CAPTURE(name);
    const auto error = meet(options, name);
    REQUIRE(error);
    CHECK(error->kind() == Kind::name_mismatch);
    CHECK(error->facts().expected_name == name);
    REQUIRE(error->facts().peer);
    CHECK(error->facts().peer->names == names);
  }
}

TEST_CASE("The subject's CN is never looked at (RFC 8310 §8.1)") {
  for (const char* name : {"dot.example", "127.0.0.1"}) {
    CAPTURE(name);
    const auto without_san = meet({.common_name = name, .names = {}}, name);
    REQUIRE(without_san);
    CHECK(without_san->kind() == Kind::name_mismatch);
    const auto other_san = meet({.common_name = name, .names = {"DNS:other.example"}}, name);
    REQUIRE(other_san);
    CHECK(other_san->kind() == Kind::name_mismatch);
  }
}

TEST_CASE("An address written as a dNSName is no address, and partial or top-level wildcards match nothing") {
  for (const auto& [san, name] : {std::pair<const char*, const char*>{"DNS:127.0.0.1", "127.0.0.1"},
                                  {"DNS:d*.example", "dot.example"},
                                  {"DNS:*.test", "dot.test"},
                                  {"DNS:*", "localhost"}}) {
    CAPTURE(san);
    const auto error = meet({.common_name = "x", .names = {san}}, name);
    REQUIRE(error);
    CHECK(error->kind() == Kind::name_mismatch);
  }
}

TEST_CASE("Dates are kept: expired and not yet valid are told apart, with the dates") {
  const auto expired = meet(
      {.common_name = "x", .names = {"DNS:dot.example"}, .valid_from = -hours(48), .valid_to = -hours(24)},
      "dot.example");
  REQUIRE(expired);
  CHECK(expired->kind() == Kind::expired);
  REQUIRE(expired->facts().peer);
  CHECK(expired->facts().peer->not_after < std::chrono::system_clock::now());
  CHECK(expired->facts().peer->not_after - expired->facts().peer->not_before == hours(24));

  const auto early =
      meet({.common_name = "x", .names = {"DNS:dot.example"}, .valid_from = hours(24), .valid_to = hours(48)},
           "dot.example");
  REQUIRE(early);
  CHECK(early->kind() == Kind::not_yet_valid);
}

TEST_CASE("An issuer that is not the anchor is refused, whatever it calls itself") {
  const IssueOptions server{.common_name = "dot.example", .names = {"DNS:dot.example"}};
  const tls::Identity stranger = tls::issue_self_signed({.common_name = "Stranger", .names = {}, .ca = true});
  const tls::Identity impostor =
      tls::issue_self_signed({.common_name = "Classroom CA", .names = {}, .ca = true});
  for (const tls::Identity& issuer : {stranger, impostor}) {
    const auto error = meet(tls::issue(server, issuer), classroom().options());
    REQUIRE(error);
    CHECK(error->kind() == Kind::untrusted_issuer);
    REQUIRE(error->facts().peer);
    CHECK(error->facts().peer->subject == "CN=dot.example");
  }
  const auto alone = meet(tls::issue_self_signed(server), classroom().options());
  REQUIRE(alone);
  CHECK(alone->kind() == Kind::untrusted_issuer);
}

TEST_CASE("An intermediate must be sent along, and then is followed to the anchor") {
  const tls::Identity middle = tls::issue({.common_name = "Middle", .names = {}, .ca = true}, classroom().ca);
  tls::Identity leaf = tls::issue({.common_name = "x", .names = {"DNS:dot.example"}}, middle);
  const auto missing = meet(leaf, classroom().options());
  REQUIRE(missing);
  CHECK(missing->kind() == Kind::untrusted_issuer);
  leaf.certificate += middle.certificate;
  CHECK_FALSE(meet(leaf, classroom().options()));
}

TEST_CASE(
    "A certificate that is no CA cannot issue, and a client's certificate cannot serve (RFC 5280 §4.2.1)") {
  const tls::Identity leaf = tls::issue({.common_name = "x", .names = {"DNS:x.example"}}, classroom().ca);
  tls::Identity forged = tls::issue({.common_name = "y", .names = {"DNS:dot.example"}}, leaf);
  forged.certificate += leaf.certificate;
  const auto by_leaf = meet(forged, classroom().options());
  REQUIRE(by_leaf);
  CHECK((by_leaf->kind() == Kind::bad_certificate || by_leaf->kind() == Kind::untrusted_issuer));

  const auto by_client =
      meet({.common_name = "x", .names = {"DNS:dot.example"}, .client = true}, "dot.example");
  REQUIRE(by_client);
  CHECK(by_client->kind() == Kind::bad_certificate);
  CHECK_FALSE(by_client->facts().reason.empty());
}

TEST_CASE("A server's own certificate serves as its anchor, self-signed or not, but not for other names") {
  const TempDir directory;
  const IssueOptions options{.common_name = "localhost", .names = {"DNS:localhost", "IP:127.0.0.1"}};
  for (const tls::Identity& identity :
       {tls::issue_self_signed(options), tls::issue(options, classroom().ca)}) {
    const std::string anchor = directory.write("anchor.pem", identity.certificate);
    CHECK_FALSE(meet(identity, {.ca_file = anchor, .auth_name = "localhost", .sni = {}}));
    CHECK_FALSE(meet(identity, {.ca_file = anchor, .auth_name = "127.0.0.1", .sni = {}}));
    const auto other = meet(identity, {.ca_file = anchor, .auth_name = "other.example", .sni = {}});
    REQUIRE(other);
    CHECK(other->kind() == Kind::name_mismatch);
  }
}

TEST_CASE("A CA file replaces the system's store, without one, the store is asked and a stranger refused") {
  const auto error = meet(tls::issue({.common_name = "x", .names = {"DNS:dot.example"}}, classroom().ca),
                          {.ca_file = {}, .auth_name = "dot.example", .sni = {}});
  REQUIRE(error);
  CHECK(error->kind() == Kind::untrusted_issuer);
}

TEST_CASE("verify=false takes anything, and tells what it took") {
  const ServerContext server_context = classroom().server();
  tls::ClientOptions options{.ca_file = {}, .auth_name = "nobody.example", .sni = {}, .verify = false};
  const ClientContext client_context(options);
  End server(server_context), client(client_context);
  shake(client, server);
  REQUIRE(client.stream.handshaken());
  REQUIRE(client.stream.facts().peer);
  CHECK(client.stream.facts().peer->subject == "CN=dot.example");
}

TEST_CASE("To verify against no name at all is refused: OpenSSL would take it for any name") {
  for (const char* name : {"", "."}) {
    tls::ClientOptions options = classroom().options(name);
    CHECK_THROWS_AS(ClientContext(options), tls::TlsError);
  }
  CHECK_THROWS_AS(ClientContext(classroom().options(std::string("dot.example\0.evil", 17))), tls::TlsError);
}
