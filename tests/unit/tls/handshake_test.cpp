// The handshake between our two ends, and with peers of other minds.
#include <atomic>
#include <chrono>
#include <thread>

#include "common/net/net_error.h"
#include "tests/support/catch.h"
#include "tests/support/groups.h"
#include "tests/unit/tls/wire.h"

using namespace tls_test;
using tls::ClientContext;
using tls::RawPeer;
using tls::ServerContext;
using Kind = tls::TlsError::Kind;
using Status = net::IoResult::Status;

namespace {

// A TLS server of OpenSSL's own with the classroom's certificate.
tls::RawOptions raw_server(int version) {
  tls::RawOptions options;
  options.cert_file = classroom().cert_file;
  options.key_file = classroom().key_file;
  options.version = version;
  return options;
}

tls::RawOptions raw_client(std::vector<std::string> alpn, int version = 0) {
  tls::RawOptions options;
  options.alpn = std::move(alpn);
  options.version = version;
  return options;
}

}  // namespace

TEST_CASE(
    "Our two ends meet in TLS 1.3 with AES-128-GCM, OpenSSL's first group and ALPN dot (RFC 9325 §3.1, RFC "
    "7858 §3.1)") {
  const ServerContext server_context = classroom().server();
  const ClientContext client_context(classroom().options());
  End server(server_context), client(client_context);
  CHECK_FALSE(client.stream.handshaken());
  shake(client, server);
  REQUIRE(client.stream.handshaken());
  REQUIRE(server.stream.handshaken());
  for (const End* end : {&client, &server}) {
    const tls::ConnectionFacts facts = end->stream.facts();
    CHECK(facts.version == "TLSv1.3");
    CHECK(facts.cipher == "TLS_AES_128_GCM_SHA256");
    CHECK(facts.group == preferred_group());
    CHECK(facts.alpn == "dot");
    CHECK_FALSE(facts.resumed);
  }
  REQUIRE(client.stream.facts().peer);
  CHECK(client.stream.facts().peer->subject == "CN=dot.example");
  CHECK(client.stream.facts().peer->pin == server_context.pin());
  CHECK_FALSE(server.stream.facts().peer);
}

TEST_CASE("Reading and writing carry the handshake forward, and what was written first arrives first") {
  const ServerContext server_context = classroom().server();
  const ClientContext client_context(classroom().options());
  End server(server_context), client(client_context);
  Bytes into(100);
  bool written = false;
  std::string received;
  for (int step = 0; step < 20 && received.empty(); ++step) {
    if (!written) written = client.stream.try_write(octets("query")).status == Status::done;
    carry(client, server);
    received = server.read();
    carry(server, client);
  }
  CHECK(received == "query");
  CHECK(server.stream.handshaken());
}

TEST_CASE("A handshake that arrives octet by octet succeeds") {
  const ServerContext server_context = classroom().server();
  const ClientContext client_context(classroom().options());
  End server(server_context), client(client_context);
  shake(client, server, 1);
  CHECK(client.stream.handshaken());
  CHECK(server.stream.handshaken());
}

TEST_CASE(
    "The second connection resumes the first, and does so by one ticket used once (RFC 8446 §4.6.1, C.4)") {
  const ServerContext server_context = classroom().server();
  const ClientContext client_context(classroom().options());
  const auto connect = [&] {
    End server(server_context), client(client_context);
    shake(client, server);
    client.read();  // TLS 1.3 tickets follow the handshake
    CHECK(client.stream.facts().peer);
    CHECK(client.stream.facts().group ==
          preferred_group());  // a fresh key exchange all the same: forward secrecy
    CHECK(client.stream.facts().resumed == server.stream.facts().resumed);
    return client.stream.facts().resumed;
  };
  CHECK_FALSE(connect());
  CHECK(connect());
  CHECK(connect());
  CHECK(client_context.take_ticket() != nullptr);
  CHECK(client_context.take_ticket() == nullptr);
}

TEST_CASE("A connection cut off without a word still leaves its ticket fit for use") {
  const ServerContext server_context = classroom().server();
  const ClientContext client_context(classroom().options());
  {
    End server(server_context), client(client_context);
    shake(client, server);
    client.read();
  }
  End server(server_context), client(client_context);
  shake(client, server);
  CHECK(client.stream.facts().resumed);
}

TEST_CASE("A ticket of another server process costs a full handshake, not a failure") {
  const ClientContext client_context(classroom().options());
  for (int round = 0; round < 2; ++round) {
    const ServerContext server_context = classroom().server();  // with ticket keys of its own
    End server(server_context), client(client_context);
    shake(client, server);
    client.read();
    CHECK(client.stream.handshaken());
    CHECK_FALSE(client.stream.facts().resumed);
  }
}

TEST_CASE("Tickets still count when another context takes the place of the one that gave them") {
  const ClientContext client_context(classroom().options());
  auto server_context = std::make_unique<ServerContext>(classroom().cert_file, classroom().key_file);
  {
    End server(*server_context), client(client_context);
    shake(client, server);
    client.read();
  }
  auto next = std::make_unique<ServerContext>(classroom().cert_file, classroom().key_file);
  next->take_tickets_of(*server_context);
  server_context = std::move(next);  // the keys outlive who made them
  for (int round = 0; round < 2; ++round) {
    End server(*server_context), client(client_context);
    shake(client, server);
    CHECK(client.stream.facts().resumed);
    client.read();
  }
}

TEST_CASE("A TLS 1.2 server is spoken to, and its session resumed any number of times") {
  const ClientContext client_context(classroom().options());
  RawPeer server(raw_server(0x0303));
  for (int round = 0; round < 3; ++round) {
    RawPeer next = server.again();
    End client(client_context);
    REQUIRE(shake(client, next));
    const tls::ConnectionFacts facts = client.stream.facts();
    CHECK(facts.version == "TLSv1.2");
    CHECK(facts.cipher == "ECDHE-ECDSA-AES128-GCM-SHA256");
    CHECK(facts.resumed == (round > 0));
    CHECK(facts.group == (round > 0 ? "" : "x25519"));  // resumption in 1.2 exchanges no key
    CHECK(facts.peer);
  }
}

TEST_CASE("A TLS 1.2 client is served, and resumed by a ticket (RFC 8310 §9)") {
  const ServerContext server_context = classroom().server();
  RawPeer first(raw_client({"dot"}, 0x0303));
  End server(server_context);
  REQUIRE(shake(server, first));
  CHECK(server.stream.facts().version == "TLSv1.2");
  CHECK(server.stream.facts().group == "x25519");
  CHECK(server.stream.facts().alpn == "dot");
  RawPeer second = first.again();
  End resumed(server_context);
  REQUIRE(shake(resumed, second));
  CHECK(resumed.stream.facts().resumed);
  CHECK(resumed.stream.facts().group.empty());
}

TEST_CASE("TLS 1.1 is refused on both sides (RFC 9325 §3.1.1)") {
  const ServerContext server_context = classroom().server();
  End server(server_context);
  RawPeer old_client(raw_client({"dot"}, 0x0302));
  CHECK_FALSE(shake(server, old_client));
  REQUIRE(server.error);
  CHECK(server.error->kind() == Kind::protocol);
  CHECK(server.error->facts().reason == "unsupported protocol");
  CHECK(old_client.alert_received() == "70");  // protocol_version

  const ClientContext client_context(classroom().options());
  End client(client_context);
  RawPeer old_server(raw_server(0x0302));
  CHECK_FALSE(shake(client, old_server));
  REQUIRE(client.error);
  CHECK(client.error->kind() == Kind::alert);
  CHECK(client.error->facts().alert == "protocol_version");
}

TEST_CASE("TLS 1.2 without forward secrecy or AEAD is refused (RFC 9325 §4.1)") {
  const ServerContext server_context = classroom().server();
  for (const char* suites : {"AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256",
                             "ECDHE-ECDSA-AES256-CCM", "ECDHE-ECDSA-NULL-SHA"}) {
    CAPTURE(suites);
    tls::RawOptions options = raw_client({"dot"}, 0x0303);
    options.suites = suites;
    RawPeer client(options);
    End server(server_context);
    CHECK_FALSE(shake(server, client));
    REQUIRE(server.error);
    CHECK(server.error->facts().reason == "no shared cipher");
  }
}

TEST_CASE("A client without AES in hardware puts ChaCha20 first and gets it, one that has it gets AES-128") {
  const ServerContext server_context = classroom().server();
  const std::string chacha = "ECDHE-ECDSA-CHACHA20-POLY1305", aes = "ECDHE-ECDSA-AES128-GCM-SHA256",
                    aes256 = "ECDHE-ECDSA-AES256-GCM-SHA384";
  const auto chosen = [&](const std::string& offer) {
    tls::RawOptions options = raw_client({"dot"}, 0x0303);
    options.suites = offer;
    RawPeer client(options);
    End server(server_context);
    REQUIRE(shake(server, client));
    return client.cipher();
  };
  CHECK(chosen(chacha + ":" + aes) == chacha);
  CHECK(chosen(aes256 + ":" + chacha + ":" + aes) == aes);
}

TEST_CASE("ALPN: dot is chosen among others, and a client without ALPN is welcome (RFC 7301 §3.2)") {
  const ServerContext server_context = classroom().server();
  const auto chosen = [&](std::vector<std::string> offer) {
    RawPeer client(raw_client(std::move(offer)));
    End server(server_context);
    REQUIRE(shake(server, client));
    return server.stream.facts().alpn;
  };
  CHECK(chosen({"dot"}) == "dot");
  CHECK(chosen({"h2", "dot", "http/1.1"}) == "dot");
  CHECK(chosen({}).empty());
}

TEST_CASE("ALPN: a client that offers only other protocols gets no_application_protocol (RFC 7301 §3.2)") {
  const ServerContext server_context = classroom().server();
  RawPeer client(raw_client({"h2", "http/1.1", "do", "dott"}));
  End server(server_context);
  CHECK_FALSE(shake(server, client));
  REQUIRE(server.error);
  CHECK(server.error->kind() == Kind::protocol);
  CHECK(client.alert_received() == "120");
}

TEST_CASE("ALPN: a server that knows none is accepted, for RFC 7858 is older than its registration") {
  const ClientContext client_context(classroom().options());
  RawPeer server(raw_server(0));
  End client(client_context);
  REQUIRE(shake(client, server));
  CHECK(client.stream.facts().alpn.empty());
}

TEST_CASE("SNI carries the name asked for, and never an address (RFC 6066 §3)") {
  const auto sent = [](tls::ClientOptions options) {
    const ClientContext context(options);
    RawPeer server(raw_server(0));
    End client(context);
    REQUIRE(shake(client, server));
    return server.server_name();
  };
  tls::ClientOptions options = classroom().options("dot.example");
  CHECK(sent(options) == "dot.example");
  CHECK(sent(classroom().options("dot.example.")) == "dot.example");
  options.sni = "front.example";
  CHECK(sent(options) == "front.example");
  options.sni = "192.0.2.1";
  CHECK(sent(options).empty());
  CHECK(sent(classroom().options("127.0.0.1")).empty());
  CHECK(sent(classroom().options("::1")).empty());
}

TEST_CASE("The peer's alert is told by its name in the registry (RFC 8446 §6)") {
  const ServerContext server_context = classroom().server();
  const tls::Identity other = tls::issue_self_signed({.common_name = "Another CA", .names = {}, .ca = true});
  tls::ClientOptions options = classroom().options();
  options.ca_file = classroom().directory.write("other-ca.pem", other.certificate);
  const ClientContext client_context(options);
  End server(server_context), client(client_context);
  shake(client, server);
  REQUIRE(client.error);
  if (!server.error) {  // in TLS 1.3 the server may learn of it after its own handshake
    carry(client, server);
    try {
      server.read();
      FAIL("the alert was not noticed");
    } catch (const tls::TlsError& error) {
      server.error = error;
    }
  }
  CHECK(server.error->kind() == Kind::alert);
  CHECK(server.error->facts().alert == "unknown_ca");
  CHECK(std::string(server.error->what()) == "TLS handshake with peer: the peer sent alert unknown_ca");
}

TEST_CASE("Plain DNS or HTTP sent to the TLS port is told from TLS") {
  const ServerContext server_context = classroom().server();
  for (const auto& [sent, reason] :
       {std::pair<std::string, std::string>{"GET / HTTP/1.1\r\n\r\n", "http request"},
        {std::string("\0\x1d\x12\x34\x01\0\0\x01\0\0\0\0\0\0", 14), ""}}) {
    End server(server_context);
    CHECK_FALSE(server.handshake());
    server.cable.give(octets(sent));
    REQUIRE(server.handshake());
    REQUIRE(server.error);
    CHECK(server.error->kind() == Kind::protocol);
    if (!reason.empty()) CHECK(server.error->facts().reason == reason);
    CHECK_FALSE(server.error->facts().reason.empty());
  }
}

TEST_CASE("A server that answers in plain text is told from TLS") {
  const ClientContext client_context(classroom().options());
  End client(client_context);
  CHECK_FALSE(client.handshake());
  client.cable.give(octets("220 mail.example ESMTP\r\n"));
  REQUIRE(client.handshake());
  REQUIRE(client.error);
  CHECK(client.error->kind() == Kind::protocol);
  CHECK(client.error->facts().reason == "wrong version number");
}

TEST_CASE("Kind::closed: the peer leaves in the middle of the handshake") {
  const ServerContext server_context = classroom().server();
  const ClientContext client_context(classroom().options());
  End server(server_context), client(client_context);
  SECTION("before its first octet, seen by the client") {
    client.handshake();
    client.cable.cut();
    client.handshake();
    REQUIRE(client.error);
    CHECK(client.error->kind() == Kind::closed);
  }
  SECTION("before its first octet, seen by the server") {
    server.cable.cut();
    server.handshake();
    REQUIRE(server.error);
    CHECK(server.error->kind() == Kind::closed);
  }
  SECTION("after half a flight") {
    client.handshake();
    carry(client, server);
    server.handshake();
    const Bytes flight = server.cable.take();
    client.cable.give({flight.data(), flight.size() / 2});
    CHECK_FALSE(client.handshake());
    client.cable.cut();
    client.handshake();
    REQUIRE(client.error);
    CHECK(client.error->kind() == Kind::closed);
  }
}

TEST_CASE("A silent peer holds the handshake no longer than its deadline") {
  const ClientContext client_context(classroom().options());
  End client(client_context);
  const auto start = std::chrono::steady_clock::now();
  try {
    client.stream.handshake(net::Deadline::in(std::chrono::milliseconds(50)));
    FAIL("it succeeded with nobody there");
  } catch (const net::NetError& error) {
    CHECK(error.kind() == net::NetError::Kind::timeout);
    CHECK(std::string(error.what()) == "TLS handshake with peer: timed out");
  }
  const auto took = std::chrono::steady_clock::now() - start;
  CHECK(took >= std::chrono::milliseconds(50));
  CHECK(took < std::chrono::seconds(5));
}

TEST_CASE("A thousand tickets leave the newest eight, each used once, newest first") {
  const ClientContext client_context(classroom().options());
  RawPeer server(raw_server(0x0304));
  End client(client_context);
  REQUIRE(shake(client, server));
  for (int i = 0; i < 1000; ++i) {
    server.send_ticket();
    if (i % 50 == 0) {
      carry(server, client);
      client.read();
    }
  }
  carry(server, client);
  while (client.stream.has_buffered()) client.read();
  for (int i = 0; i < 10; ++i) client.read();
  int kept = 0;
  while (client_context.take_ticket() != nullptr) ++kept;
  CHECK(kept == 8);
}

TEST_CASE("Contexts are shared by threads, and so are their tickets, each used by one") {
  const ServerContext server_context = classroom().server();
  const ClientContext client_context(classroom().options());
  std::atomic<int> stood = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        End server(server_context), client(client_context);
        shake(client, server);
        client.read();
        stood += client.stream.handshaken() && server.stream.handshaken();
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(stood == 40);
}
