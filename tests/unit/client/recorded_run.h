// A run as ask() leaves it, its times fixed: a TLS 1.3 handshake, one query and its answer, as they passed
// between 192.0.2.7 and a server on port 853. What the views are tested on.
#pragma once

#include <algorithm>

#include "client/ask.h"
#include "common/dns/codes.h"
#include "tests/support/hex.h"

class RecordedRun {
 public:
  using Kind = client::WireEvent::Kind;

  explicit RecordedRun(net::Transport transport = net::Transport::tls) {
    outcome.connections.push_back({.transport = transport,
                                   .address = net::SocketAddress::parse("192.0.2.53", 853).value(),
                                   .local = net::SocketAddress::parse("192.0.2.7", 40000).value()});
    outcome.answers.resize(1);
  }

  void event(int us, Kind kind, bool sent, Bytes octets = {}) {
    outcome.recording.events.push_back(
        {.when = client::WireEvent::Clock::time_point(std::chrono::microseconds(us)),
         .connection = outcome.connections.size() - 1,
         .kind = kind,
         .sent = sent,
         .octets = std::move(octets)});
  }

  // A record and what it holds, as the recorder tells them: `wire` before if received, else behind.
  void record(int us, bool sent, std::uint8_t content, std::size_t length,
              const std::vector<std::pair<Kind, Bytes>>& inside = {}) {
    Bytes wire{content, 3, 3, static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
    const Bytes header = wire;
    wire.resize(5 + length);
    if (!sent) event(us, Kind::wire, sent, wire);
    event(us, Kind::record_header, sent, header);
    for (const auto& [kind, octets] : inside) event(us, kind, sent, octets);
    if (sent) event(us, Kind::wire, sent, wire);
  }

  void open(int us) {
    event(us, Kind::connecting, true);
    event(us + 10'000, Kind::connected, false);
  }

  // One round trip of 10 ms; the ClientHello names lab.test and offers dot.
  void handshake_13(int us) {
    record(us, true, 22, client_hello().size(), {{Kind::handshake, client_hello()}});
    record(us + 10'000, false, 22, 90, {{Kind::handshake, server_hello(true)}});
    record(us + 10'100, false, 20, 1, {{Kind::change_cipher_spec, {1}}});
    record(us + 10'200, false, 23, 33, {{Kind::inner_type, {22}}, {Kind::handshake, {8, 0, 0, 12}}});
    record(us + 10'300, false, 23, 510, {{Kind::inner_type, {22}}, {Kind::handshake, {11, 0, 1, 0xe9}}});
    record(us + 10'400, false, 23, 96, {{Kind::inner_type, {22}}, {Kind::handshake, {15, 0, 0, 0x4b}}});
    record(us + 10'500, false, 23, 53, {{Kind::inner_type, {22}}, {Kind::handshake, {20, 0, 0, 32}}});
    record(us + 10'600, true, 23, 53, {{Kind::inner_type, {22}}, {Kind::handshake, {20, 0, 0, 32}}});
    event(us + 10'700, Kind::handshaken, false);
    tls("TLSv1.3", "TLS_AES_128_GCM_SHA256", "x25519");
  }

  // OpenSSL 3.5 with a server that takes secp384r1 alone: it asks for a key of that, which costs a round
  // trip.
  void handshake_retry(int us) {
    const auto shares = [](std::string_view head, std::size_t octets) {
      Bytes share = hex(head);
      share.resize(share.size() + octets);
      return share;
    };
    const Bytes both = joined(shares("0033 04ea 04e8  11ec 04c0", 1216), shares("001d 0020", 32));
    const Bytes first =
        hello(hex("01 00 05 20  03 03"), joined(hex("00  0002 1301  01 00  04f5  002b 0003 02 0304"), both));
    const Bytes second =
        hello(hex("01 00 00 9d  03 03"), joined(hex("00  0002 1301  01 00  0072  002b 0003 02 0304"),
                                                shares("0033 0067 0065  0018 0061", 97)));
    const Bytes retry = joined(hex(R"(02 00 00 34  03 03
      cf21ad74e59a6111be1d8c021e65b891 c2a211167abb8c5e079e09e2c8a8339c)"),
                               hex("00  1301  00  000c  002b 0002 0304  0033 0002 0018"));
    const Bytes chosen = hello(hex("02 00 00 97  03 03"), joined(hex("00  1301  00  006f  002b 0002 0304"),
                                                                 shares("0033 0065 0018 0061", 97)));
    record(us, true, 22, first.size(), {{Kind::handshake, first}});
    record(us + 10'000, false, 22, retry.size(), {{Kind::handshake, retry}});
    record(us + 10'050, true, 20, 1, {{Kind::change_cipher_spec, {1}}});
    record(us + 10'100, true, 22, second.size(), {{Kind::handshake, second}});
    record(us + 20'000, false, 20, 1, {{Kind::change_cipher_spec, {1}}});
    record(us + 20'050, false, 22, chosen.size(), {{Kind::handshake, chosen}});
    record(us + 20'100, false, 23, 33, {{Kind::inner_type, {22}}, {Kind::handshake, {8, 0, 0, 12}}});
    record(us + 20'200, false, 23, 53, {{Kind::inner_type, {22}}, {Kind::handshake, {20, 0, 0, 32}}});
    record(us + 20'300, true, 23, 53, {{Kind::inner_type, {22}}, {Kind::handshake, {20, 0, 0, 32}}});
    event(us + 20'400, Kind::handshaken, false);
    tls("TLSv1.3", "TLS_AES_128_GCM_SHA256", "secp384r1");
  }

  // Two of them.
  void handshake_12(int us) {
    record(us, true, 22, client_hello().size(), {{Kind::handshake, client_hello()}});
    record(us + 10'000, false, 22, 75, {{Kind::handshake, server_hello(false)}});
    record(us + 10'100, false, 22, 490, {{Kind::handshake, {11, 0, 1, 0xe6}}});
    record(us + 10'200, false, 22, 4, {{Kind::handshake, {14, 0, 0, 0}}});
    record(us + 10'300, true, 22, 37, {{Kind::handshake, {16, 0, 0, 33}}});
    record(us + 10'400, true, 20, 1, {{Kind::change_cipher_spec, {1}}});
    record(us + 10'500, true, 22, 40, {{Kind::handshake, {20, 0, 0, 12}}});
    record(us + 20'000, false, 20, 1, {{Kind::change_cipher_spec, {1}}});
    record(us + 20'100, false, 22, 40, {{Kind::handshake, {20, 0, 0, 12}}});
    event(us + 20'200, Kind::handshaken, false);
    tls("TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256", "x25519");
  }

  // Over TLS, in a record of its own. The answer becomes that of question `index`.
  void ask(std::size_t index, int us, int answered_us, std::string_view name) {
    const Bytes query = message(name, index, false), answer = message(name, index, true);
    event(us, Kind::message, true, query);
    record(us + 50, true, 23, query.size() + 2 + 17, {{Kind::inner_type, {23}}});
    record(answered_us, false, 23, answer.size() + 2 + 17,
           {{Kind::inner_type, {23}}, {Kind::message, answer}});
    std::ranges::stable_sort(outcome.recording.events, {}, &client::WireEvent::when);
    answered(index, query, answer, answered_us - us);
  }

  void answered(std::size_t index, const Bytes& query, const Bytes& answer, int us) {
    outcome.answers.resize(std::max(outcome.answers.size(), index + 1));
    outcome.answers[index] = client::Answer{.message = dns::decode(answer).value(),
                                            .query_wire = query,
                                            .reply_wire = answer,
                                            .connection = outcome.connections.size() - 1,
                                            .sent = query.size(),
                                            .received = answer.size(),
                                            .time = std::chrono::microseconds(us)};
  }

  void close(int us) {
    record(us, true, 23, 19, {{Kind::inner_type, {21}}, {Kind::alert, {1, 0}}});
    event(us + 10, Kind::closed, true);
  }

  static Bytes message(std::string_view name, std::size_t index, bool answer) {
    dns::Message message;
    message.header.id = static_cast<std::uint16_t>(4660 + index);
    message.header.rd = true;
    message.questions = {{dns::Name::parse(name).value(), dns::type::A, dns::klass::IN}};
    message.edns.emplace();
    if (answer) {
      message.header.qr = message.header.ra = true;
      message.answers = {
          {message.questions[0].name, dns::type::A, dns::klass::IN, 300, {dns::type::A, {192, 0, 2, 1}}}};
    } else {
      message.edns->options.push_back({dns::option::PADDING, Bytes(60)});
    }
    return dns::encode(message);
  }

  static Bytes client_hello() {
    Bytes share = hex("0033 0026 0024 001d 0020");  // key_share: x25519
    share.resize(share.size() + 32);
    return joined(hello(hex("01 00 00 77  03 03"), hex(R"(00  0002 1301  01 00  004c
      002b 0003 02 0304  # supported_versions: TLS 1.3
      0000 000d 000b 00 0008 6c61622e74657374  # SNI lab.test
      0010 0006 0004 03 646f74  # ALPN dot
    )")),
                  share);
  }

  static Bytes server_hello(bool tls13) {
    Bytes share = hex("0033 0024 001d 0020");  // key_share: x25519
    share.resize(share.size() + 32);
    if (tls13)
      return joined(hello(hex("02 00 00 56  03 03"), hex("00  1301  00  002e  002b 0002 0304")), share);
    return hello(hex("02 00 00 47  03 03"),
                 hex(R"(00  c02b  00  001f  ff01 0001 00  000b 0004 03 000102  0023 0000
                        0010 0006 0004 03 646f74  0017 0000)"));
  }

  client::Outcome outcome;

 private:
  static Bytes joined(Bytes first, const Bytes& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
  }

  // The random octets between the two are zeros.
  static Bytes hello(Bytes head, const Bytes& rest) {
    head.resize(head.size() + 32);
    return joined(std::move(head), rest);
  }

  void tls(std::string version, std::string cipher, std::string group) {
    client::Connection& connection = outcome.connections.back();
    connection.tls.emplace();
    connection.tls->version = std::move(version);
    connection.tls->cipher = std::move(cipher);
    connection.tls->group = std::move(group);
    connection.tls->alpn = "dot";
    connection.tls->peer.emplace();
    connection.tls->peer->subject = "CN=lab.test";
  }
};

// A whole run: connect, handshake, one question, close.
inline RecordedRun tls13() {
  RecordedRun run;
  run.open(0);
  run.handshake_13(10'200);
  run.ask(0, 21'000, 33'500, "google.com");
  run.close(34'000);
  return run;
}
