#include "client/show/explain.h"

#include <algorithm>

#include "client/show/explain_handshake.h"
#include "client/show/explain_layers.h"
#include "client/show/key_exchange.h"
#include "client/show/wrap.h"
#include "tests/support/catch.h"
#include "tests/support/hex.h"
#include "tests/unit/client/arguments.h"

using client::LayerRow;
using client::Outcome;
using client::WireEvent;
using Kind = WireEvent::Kind;
using Lines = std::vector<std::string>;

namespace {

Outcome over(net::Transport transport, std::string_view version = "", std::string_view cipher = "") {
  Outcome outcome;
  client::Connection connection{.transport = transport,
                                .address = net::SocketAddress::parse("127.0.0.1", 853).value()};
  if (!version.empty()) {
    connection.tls.emplace();
    connection.tls->version = version;
    connection.tls->cipher = cipher;
  }
  outcome.connections.push_back(std::move(connection));
  return outcome;
}

void add(Outcome& outcome, Kind kind, bool sent, Bytes octets) {
  outcome.recording.events.push_back({.when = {}, .kind = kind, .sent = sent, .octets = std::move(octets)});
}

// A record of application data of `length` octets, as a TLS 1.3 stream tells it.
void add_record(Outcome& outcome, bool sent, std::size_t length) {
  add(outcome, Kind::record_header, sent,
      {23, 3, 3, static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)});
  add(outcome, Kind::inner_type, sent, {23});
  add(outcome, Kind::wire, sent, Bytes(5 + length));
}

}  // namespace

TEST_CASE("the layers of a message over TLS 1.3 add up to its record", "[explain]") {
  Outcome outcome = over(net::Transport::tls, "TLSv1.3", "TLS_AES_128_GCM_SHA256");
  add(outcome, Kind::message, true, Bytes(128));
  add_record(outcome, true, 128 + 2 + 1 + 16);
  const auto rows = client::layer_rows(outcome, 0);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].dns == 128);
  CHECK(rows[0].inner_type == 1);
  CHECK(rows[0].tag == 16);
  CHECK(rows[0].other == 0);
  CHECK(rows[0].total() == 152);
  CHECK(client::direction_sum(outcome, 0, true).wire == 152);
  CHECK(client::direction_sum(outcome, 0, true).explained() == 152);
}

TEST_CASE("TLS 1.2 adds a nonce with AES-GCM, none with ChaCha20, and what it likes with other ciphers",
          "[explain]") {
  struct Case {
    const char* cipher;
    std::size_t added, nonce, tag, other;
  };
  for (const Case& one :
       {Case{"ECDHE-RSA-AES128-GCM-SHA256", 24, 8, 16, 0}, Case{"ECDHE-RSA-CHACHA20-POLY1305", 16, 0, 16, 0},
        Case{"ECDHE-RSA-AES128-SHA", 48, 0, 0, 48}}) {
    INFO(one.cipher);
    Outcome outcome = over(net::Transport::tls, "TLSv1.2", one.cipher);
    add(outcome, Kind::message, true, Bytes(46));
    add(outcome, Kind::record_header, true, {23, 3, 3, 0, static_cast<std::uint8_t>(48 + one.added)});
    const auto rows = client::layer_rows(outcome, 0);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].nonce == one.nonce);
    CHECK(rows[0].tag == one.tag);
    CHECK(rows[0].other == one.other);
    CHECK(rows[0].total() == 5 + 48 + one.added);
  }
}

TEST_CASE("messages that share records share a row, and the next ones have their own", "[explain]") {
  Outcome outcome = over(net::Transport::tls, "TLSv1.3", "TLS_AES_128_GCM_SHA256");
  for (const std::size_t size : {100U, 200U, 20000U}) add(outcome, Kind::message, false, Bytes(size));
  add_record(outcome, false, 304 + 17);    // the first two
  add_record(outcome, false, 16384 + 17);  // the third
  add_record(outcome, false, 3618 + 17);
  const auto rows = client::layer_rows(outcome, 0);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].messages == 2);
  CHECK(rows[0].records == 1);
  CHECK(rows[1].messages == 1);
  CHECK(rows[1].records == 2);
  CHECK(rows[1].other == 0);
  CHECK(rows[0].total() + rows[1].total() == client::direction_sum(outcome, 0, false).wire);
}

TEST_CASE("in clear a message is a row: with its length over TCP, alone over UDP", "[explain]") {
  for (const auto& [transport, total] : {std::pair{net::Transport::tcp, 41u}, {net::Transport::udp, 39u}}) {
    Outcome outcome = over(transport);
    add(outcome, Kind::message, true, Bytes(39));
    add(outcome, Kind::wire, true, Bytes(total));
    const auto rows = client::layer_rows(outcome, 0);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].total() == total);
    CHECK(client::direction_sum(outcome, 0, true).explained() == total);
  }
}

TEST_CASE("octets that nobody read as records are said to be so", "[explain]") {
  Outcome outcome = over(net::Transport::tls);
  add(outcome, Kind::wire, false, Bytes(100));
  CHECK(client::explain_layers(outcome, 0).find("100 not read = 100 octets passed") != std::string::npos);
}

TEST_CASE("the sums of a connection that carried much of everything fit in a line", "[explain]") {
  Outcome outcome = over(net::Transport::tls, "TLSv1.3", "TLS_AES_128_GCM_SHA256");
  for (int i = 0; i < 10; ++i) add_record(outcome, false, 16401);
  for (int i = 0; i < 10; ++i) add(outcome, Kind::message, false, Bytes(16382));
  add(outcome, Kind::record_header, false, {22, 3, 3, 0x40, 0});
  add(outcome, Kind::record_header, false, {21, 3, 3, 0x3f, 0});
  add(outcome, Kind::wire, false, Bytes(100'000));
  const std::string text = client::explain_layers(outcome, 0);
  const std::size_t last = text.rfind('\n', text.size() - 2);
  CHECK(text.find(" not read = ", last) != std::string::npos);
  CHECK(text.size() - last - 2 <= 110);
}

TEST_CASE("a ClientHello is taken apart: versions, suites, groups, name and protocol", "[explain]") {
  const Bytes hello = hex(R"(
    01 00 00 67  03 03
    00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f
    00                                             # no session ID
    00 04  13 01 fa fa  01 00                      # two suites, one that we do not know; compression: none
    00 3a
    00 00 00 0a  00 08 00 00 05 1b 2e 63 6f 6d     # server_name, one octet of it an escape character
    00 10 00 06  00 04 03 64 6f 74                 # ALPN
    00 2b 00 05  04 03 04 03 03                    # supported_versions
    00 0a 00 04  00 02 00 1d                       # supported_groups
    00 33 00 09  00 07 00 1d 00 03 aa bb cc        # key_share
    ff fe 00 00
  )");
  CHECK(client::handshake_contents(hello) ==
        Lines{"legacy_version: TLS 1.2", "random: 32 octets", "cipher suites: TLS_AES_128_GCM_SHA256, 0xfafa",
              "server_name (SNI): \\027.com", "ALPN: dot", "supported_versions: TLS 1.3, TLS 1.2",
              "supported_groups: x25519", "key_share: x25519, 3 octets", "0xfffe: empty"});
}

TEST_CASE("a ClientHello is that of the newest version it offers", "[explain]") {
  CHECK(client::handshake_purpose(Bytes{1}, true) ==
        "what the client supports; the server chooses [RFC 8446 4.1.2]");
  CHECK(client::handshake_purpose(Bytes{1}, false) ==
        "what the client supports; the server chooses [RFC 5246 7.4.1.2]");
  CHECK(client::handshake_purpose(Bytes{99}, true).empty());
  CHECK(client::handshake_purpose(Bytes{}, true).empty());
}

TEST_CASE("key shares are told by group and size, a hybrid by its two parts, and never octet by octet",
          "[explain]") {
  using client::share_text;
  CHECK(share_text(0x001d, 32, true) == "x25519, 32 octets");
  CHECK(share_text(0x11ec, 1216, true) ==
        "X25519MLKEM768, 1216 octets (1184 of ML-KEM-768 and 32 of x25519)");
  CHECK(share_text(0x11ec, 1120, false) ==
        "X25519MLKEM768, 1120 octets (1088 of ML-KEM-768 and 32 of x25519)");
  CHECK(share_text(0x11eb, 1249, true) ==
        "SecP256r1MLKEM768, 1249 octets (1184 of ML-KEM-768 and 65 of secp256r1)");
  CHECK(share_text(0x11ed, 1665, false) ==
        "SecP384r1MLKEM1024, 1665 octets (1568 of ML-KEM-1024 and 97 of secp384r1)");
  CHECK(share_text(0x0201, 1184, true) == "MLKEM768, 1184 octets");
  CHECK(share_text(0x11ec, 1216, false) == "X25519MLKEM768, 1216 octets");  // not what a server sends
  CHECK(share_text(0x0a0a, 1, true) == "0x0a0a, 1 octets");                 // GREASE
}

TEST_CASE("a group is named with what it is, and what of today it leaves to a quantum computer",
          "[explain]") {
  CHECK(client::group_text("X25519MLKEM768") == "X25519MLKEM768 (hybrid, post-quantum)");
  CHECK(client::group_text("MLKEM1024") == "MLKEM1024 (post-quantum)");
  CHECK(client::group_text("x25519") == "x25519");
  CHECK(client::is_post_quantum("SecP256r1MLKEM768"));
  CHECK_FALSE(client::is_post_quantum("x25519"));
  CHECK_FALSE(client::is_post_quantum(""));
  CHECK(client::future_text("").empty());
  CHECK(client::future_text("x448").starts_with("x448 is classical: "));
  CHECK(client::future_text("MLKEM768").starts_with("MLKEM768 is post-quantum. No quantum computer "));
  CHECK(client::future_text("X25519MLKEM768")
            .starts_with("X25519MLKEM768 is a hybrid: x25519 and ML-KEM-768 "));
}

TEST_CASE("a certificate that came compressed is told as such", "[explain]") {
  const Bytes message = hex("19 00 00 0a  00 01  00 02 10  00 00 02 aa bb");
  CHECK(client::handshake_contents(message) == Lines{"algorithm: zlib, of 528 octets"});
  CHECK(client::handshake_purpose(message, true) ==
        "who this is, and who vouches for it, compressed [RFC 8879 4]");
}

TEST_CASE("certificates are counted in both forms of their list", "[explain]") {
  const Lines one_of_three{"certificates: 3 octets"};
  CHECK(client::handshake_contents(hex("0b 00 00 0c  00  00 00 08  00 00 03 aa bb cc  00 00")) ==
        one_of_three);
  CHECK(client::handshake_contents(hex("0b 00 00 09  00 00 06  00 00 03 aa bb cc")) == one_of_three);
}

TEST_CASE("no handshake message, however it is cut or changed, is read beyond its end", "[explain]") {
  const Bytes hello =
      hex("02 00 00 30  03 03 00000000000000000000000000000000 00000000000000000000000000000000 00 13 01 00"
          "00 08  00 2b 00 02 03 04  00 33 00 00");
  for (std::uint8_t type = 0; type < 32; ++type) {
    for (std::size_t size = 0; size <= hello.size(); ++size) {
      Bytes cut(hello.begin(), hello.begin() + static_cast<std::ptrdiff_t>(size));
      if (!cut.empty()) cut[0] = type;
      const Lines lines = client::handshake_contents(cut);
      CHECK(lines.size() < 10);
      CHECK(client::handshake_contents(cut, type % 2 == 0, true).size() < 20);
    }
    for (std::size_t at = 0; at < hello.size(); ++at) {
      Bytes changed = hello;
      changed[0] = type;
      changed[at] = 0xff;
      CHECK(client::handshake_contents(changed).size() < 30);
      CHECK(client::handshake_contents(changed, type % 2 == 0, true).size() < 40);
    }
  }
  CHECK(client::handshake_contents(ByteView(hello).first(20)).back() == "and then it makes no sense");
}

TEST_CASE("nothing recorded, nothing explained", "[explain]") {
  CHECK(client::explain(over(net::Transport::udp), parse_line("google.com").value()).empty());
}

TEST_CASE("text is wrapped at spaces, and within a word only where that wastes half a row", "[explain]") {
  CHECK(client::wrapped("", 10, 2).empty());
  CHECK(client::wrapped("one two three", 8, 2) == Lines{"one two", "  three"});
  CHECK(client::wrapped("a bcdefghijklmnop", 8, 2) == Lines{"a bcdefg", "  hijklm", "  nop"});
}
