// Pins, two-way TLS and ticket keys: trust beyond the plain check of chain and name.
#include "common/tls/pin.h"
#include "common/tls/ticket_keys.h"
#include "tests/support/catch.h"
#include "tests/unit/tls/wire.h"

using namespace tls_test;
using tls::ClientContext;
using tls::ClientOptions;
using tls::ServerContext;
using tls::TicketKeys;
using Kind = tls::TlsError::Kind;

namespace {

const std::string kOtherPin = "v+/c4XhSxq88CQtgS8zTmu73Hv9q7/zGMOdzWgD0q2k=";

// The client's failure, if it failed, when it meets the classroom's server.
std::optional<tls::TlsError> meet(const ClientOptions& options) {
  const ServerContext server_context = classroom().server();
  const ClientContext client_context(options);
  End server(server_context), client(client_context);
  shake(client, server);
  return client.error;
}

struct Certificate {
  TempDir directory;
  std::string cert_file, key_file;

  explicit Certificate(const tls::Identity& issuer) {
    const tls::Identity identity =
        tls::issue({.common_name = "a client", .names = {}, .client = true}, issuer);
    cert_file = directory.write("cert.pem", identity.certificate);
    key_file = directory.write("key.pem", identity.key);
  }
};

}  // namespace

TEST_CASE("A pin beside the check: one of several must match, and the check still counts (RFC 7858 §4.2)") {
  ClientOptions options = classroom().options();
  options.pins = {kOtherPin, classroom().server().pin()};
  CHECK_FALSE(meet(options));

  options.pins = {kOtherPin};
  const auto mismatch = meet(options);
  REQUIRE(mismatch);
  CHECK(mismatch->kind() == Kind::pin_mismatch);
  REQUIRE(mismatch->facts().peer);
  CHECK(mismatch->facts().peer->pin == classroom().server().pin());

  options.pins = {classroom().server().pin()};
  options.auth_name = "other.example";
  const auto wrong_name = meet(options);
  REQUIRE(wrong_name);
  CHECK(wrong_name->kind() == Kind::name_mismatch);
}

TEST_CASE("A pin may be that of a CA in the validated chain") {
  ClientOptions options = classroom().options();
  const TempDir directory;
  const ServerContext ca(directory.write("ca.pem", classroom().ca.certificate),
                         directory.write("ca.key", classroom().ca.key));
  options.pins = {ca.pin()};
  CHECK_FALSE(meet(options));
}

TEST_CASE("A pin in place of the check: the server's own key decides, whoever vouches for it") {
  ClientOptions options = classroom().options();
  const TempDir directory;
  options.ca_file = "";
  options.auth_name = "other.example";
  options.pin_only = true;
  options.pins = {classroom().server().pin()};
  CHECK_FALSE(meet(options));
  options.pins = {kOtherPin};
  const auto mismatch = meet(options);
  REQUIRE(mismatch);
  CHECK(mismatch->kind() == Kind::pin_mismatch);
}

TEST_CASE("A pin is written as sha256/ and 44 characters of base64") {
  CHECK(tls::parse_pin("sha256/" + kOtherPin) == kOtherPin);
  const std::vector<std::string> rejected = {"",
                                             kOtherPin,
                                             "sha1/" + kOtherPin,
                                             "sha256/",
                                             "sha256/" + kOtherPin + "=",
                                             "sha256/" + std::string(44, 'A'),
                                             "sha256/" + std::string(43, '*') + "="};
  for (const std::string& text : rejected) {
    CAPTURE(text);
    CHECK_FALSE(tls::parse_pin(text));
  }
}

TEST_CASE("A server that asks for certificates serves only clients that its anchors vouch for") {
  const ServerContext server_context(classroom().cert_file, classroom().key_file, classroom().ca_file);
  const auto server_accepts = [&](const ClientOptions& options) {
    const ClientContext client_context(options);
    End server(server_context), client(client_context);
    shake(client, server);
    if (!server.error) CHECK(server.stream.facts().peer.has_value());
    return !server.error.has_value();
  };
  ClientOptions options = classroom().options();
  CHECK_FALSE(server_accepts(options));

  const Certificate good(classroom().ca);
  options.cert_file = good.cert_file;
  options.key_file = good.key_file;
  CHECK(server_accepts(options));

  const Certificate bad(tls::issue_self_signed({.common_name = "another CA", .names = {}, .ca = true}));
  options.cert_file = bad.cert_file;
  options.key_file = bad.key_file;
  CHECK_FALSE(server_accepts(options));
}

TEST_CASE("Ticket keys change twice a day, the one before still opens tickets (RFC 9325 §3.4)") {
  TicketKeys keys;
  const auto start = TicketKeys::Clock::now();
  const auto at = [start](int hours) { return start + std::chrono::hours(hours); };
  const TicketKeys::Key first = keys.current(at(0));
  TicketKeys::Key found;
  CHECK(keys.find(first.name.data(), found, at(11)));
  const TicketKeys::Key second = keys.current(at(13));
  CHECK(second.name != first.name);
  CHECK(second.encryption != first.encryption);
  CHECK(keys.find(first.name.data(), found, at(13)));
  CHECK(found.encryption == first.encryption);
  CHECK(keys.find(second.name.data(), found, at(13)));
  CHECK_FALSE(keys.find(first.name.data(), found, at(26)));
  CHECK(keys.find(second.name.data(), found, at(26 + 25)) ==
        0);  // a day without use: nothing old stays valid
}
