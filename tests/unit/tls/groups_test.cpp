// The groups of the key exchange: OpenSSL's own unless somebody chooses, and what a server never does.
#include "tests/support/groups.h"

#include "tests/support/catch.h"
#include "tests/unit/tls/wire.h"

using namespace tls_test;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using tls::ClientContext;
using tls::RawPeer;
using tls::ServerContext;

namespace {

tls::RawOptions raw(const std::string& groups, bool server = false) {
  tls::RawOptions options;
  options.groups = groups;
  options.alpn = {"dot"};
  if (server) options.cert_file = classroom().cert_file, options.key_file = classroom().key_file;
  return options;
}

// What a client of ours agrees on with a server that OpenSSL set up by itself.
std::string agreed(const tls::ClientOptions& options, const std::string& server_groups = {}) {
  const ClientContext context(options);
  RawPeer server(raw(server_groups, true));
  End client(context);
  return shake(client, server) ? client.stream.facts().group : "nothing";
}

}  // namespace

TEST_CASE("A client agrees with any server on what OpenSSL prefers, or on what that server has") {
  CHECK(agreed(classroom().options()) == preferred_group());
  for (const char* const group : {"x25519", "secp256r1", "x448", "secp384r1", "secp521r1"})
    CHECK(agreed(classroom().options(), group) == group);  // by a HelloRetryRequest, most of them
}

TEST_CASE("A server agrees with any client on what OpenSSL prefers, or on what that client has") {
  const ServerContext context = classroom().server();
  for (const std::string& group :
       {std::string(), std::string("x25519"), std::string("secp256r1"), std::string("secp384r1")}) {
    RawPeer client(raw(group));
    End server(context);
    REQUIRE(shake(server, client));
    CHECK(server.stream.facts().group == (group.empty() ? preferred_group() : group));
  }
}

TEST_CASE("A client that is told which groups to offer offers no others") {
  tls::ClientOptions options = classroom().options();
  options.groups = "secp384r1:x25519";
  CHECK(agreed(options, "x25519:secp256r1") == "x25519");
  CHECK(agreed(options, "secp256r1") == "nothing");
}

TEST_CASE("A server that is told which groups to take asks for one of them by a HelloRetryRequest") {
  ServerContext server_context = classroom().server();
  server_context.agree_only_on("secp384r1");
  const ClientContext client_context(classroom().options());
  End server(server_context), client(client_context);
  shake(client, server);
  CHECK(client.stream.facts().group == "secp384r1");
  CHECK(server.stream.facts().group == "secp384r1");
}

TEST_CASE(
    "A server takes no group over a finite field: each costs it a hundred handshakes (CVE-2002-20001)") {
  const ServerContext context = classroom().server();
  for (const char* const group : {"ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192"}) {
    CAPTURE(group);
    if (!tls::parse_groups(group)) continue;
    RawPeer client(raw(group));
    End server(context);
    CHECK_FALSE(shake(server, client));
    REQUIRE(server.error);
    CHECK(server.error->kind() == tls::TlsError::Kind::protocol);
    RawPeer other(raw(std::string(group) + ":x25519"));  // who has another group too is served
    End willing(context);
    REQUIRE(shake(willing, other));
    CHECK(willing.stream.facts().group == "x25519");
  }
}

TEST_CASE("A list of groups is as OpenSSL takes it, and what it does not take is quoted") {
  CHECK(tls::parse_groups("x25519").value() == "x25519");
  CHECK(tls::parse_groups("X25519:P-256:secp384r1").value() == "X25519:P-256:secp384r1");
  CHECK_THAT(tls::parse_groups("nonsense").error(),
             StartsWith("OpenSSL ") && EndsWith(" has no group 'nonsense'"));
  CHECK_THAT(tls::parse_groups("x25519:nonsense:P-256").error(), EndsWith(" has no group 'nonsense'"));
  CHECK_FALSE(tls::parse_groups(""));
}
