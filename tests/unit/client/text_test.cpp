#include "client/show/text.h"

#include <cstdlib>

#include "client/show/escape.h"
#include "common/dns/codes.h"
#include "tests/support/catch.h"
#include "tests/unit/client/approved.h"
#include "tests/unit/client/arguments.h"

using client::Answer;
using client::Connection;
using client::Options;
using client::Outcome;
using namespace std::chrono_literals;

namespace {

constexpr std::time_t kWhen = 1'700'000'000;

dns::Record record(std::string_view owner, std::uint16_t type, std::string_view rdata) {
  return {dns::Name::parse(owner).value(), type, dns::klass::IN, 300, dns::parse_rdata(type, rdata).value()};
}

Answer answer(std::string_view name, std::uint16_t id) {
  dns::Message message;
  message.header.id = id;
  message.header.qr = message.header.rd = message.header.ra = true;
  message.questions = {{dns::Name::parse(name).value(), dns::type::A, dns::klass::IN}};
  message.answers = {record(name, dns::type::CNAME, "www.example."),
                     record("www.example", dns::type::A, "192.0.2.1")};
  message.edns.emplace();
  message.edns->options.push_back({dns::option::PADDING, Bytes(300)});
  Answer result{.message = dns::decode(dns::encode(message)).value(), .sent = 128, .received = 468};
  result.time = 12'345us;
  return result;
}

Connection connection(net::Transport transport) {
  Connection result{.transport = transport,
                    .address = net::SocketAddress::parse("127.0.0.1", 8443).value(),
                    .connect = 120us};
  if (transport != net::Transport::tls) return result;
  result.handshake = 1'240us;
  result.authority = "cert.pem";
  result.tls.emplace();
  result.tls->version = "TLSv1.3";
  result.tls->cipher = "TLS_AES_256_GCM_SHA384";
  result.tls->group = "x25519";
  result.tls->alpn = "dot";
  return result;
}

std::string shown(const Outcome& outcome, std::string_view line) {
  setenv("TZ", "UTC", 1);
  return client::outcome_to_text(outcome, parse_line(line).value(), kWhen);
}

const Outcome kTls{
    .answers = {answer("google.com", 4660)}, .connections = {connection(net::Transport::tls)}, .failure = {}};

}  // namespace

TEST_CASE("an answer over TLS is shown as dig would, with a footer that says more", "[text]") {
  check_approved("tls", shown(kTls, "google.com"));
}

TEST_CASE("a resumed session and a server without ALPN are said", "[text]") {
  Outcome outcome = kTls;
  outcome.connections[0].tls->resumed = true;
  outcome.connections[0].tls->alpn.clear();
  const std::string text = shown(outcome, "google.com");
  CHECK(text.find(";; TLS: TLSv1.3, TLS_AES_256_GCM_SHA384, x25519, no ALPN, resumed\n") !=
        std::string::npos);
}

TEST_CASE("a post-quantum key exchange is said to be one", "[text]") {
  Outcome outcome = kTls;
  outcome.connections[0].tls->group = "X25519MLKEM768";
  CHECK(shown(outcome, "google.com")
            .find(", X25519MLKEM768 (hybrid, post-quantum), ALPN dot, full handshake\n") !=
        std::string::npos);
}

TEST_CASE("several answers are shown in the order asked, the connection's times once", "[text]") {
  Outcome outcome = kTls;
  outcome.answers = {answer("a.example", 1), std::nullopt, answer("c.example", 3)};
  check_approved("several", shown(outcome, "a.example b.example c.example"));
}

TEST_CASE("an answer that was too long for UDP is said to have come over TCP", "[text]") {
  Outcome outcome = kTls;
  outcome.connections = {connection(net::Transport::udp), connection(net::Transport::tcp)};
  outcome.answers = {answer("a.example", 1), answer("b.example", 2)};
  outcome.answers[1]->connection = 1;
  check_approved("truncated", shown(outcome, "@udp://127.0.0.1:8443 a.example b.example"));
}

TEST_CASE("the data alone by --short, the records alone by +noall +answer", "[text]") {
  CHECK(shown(kTls, "google.com --short") == "www.example.\n192.0.2.1\n");
  CHECK(shown(kTls, "google.com +noall +answer") ==
        "google.com.\t\t300\tIN\tCNAME\twww.example.\n"
        "www.example.\t\t300\tIN\tA\t192.0.2.1\n");
}

TEST_CASE("an answer's cookie is judged as dig judges it, by the one that was sent", "[text]") {
  const Bytes ours = {1, 2, 3, 4, 5, 6, 7, 8};
  const auto line = [](const Bytes& cookie, std::string_view words) {
    Outcome outcome = kTls;
    outcome.answers[0]->message.edns->options = {{dns::option::COOKIE, cookie}};
    const std::string text = shown(outcome, "google.com " + std::string(words));
    const std::size_t at = text.find("; COOKIE:");
    return text.substr(at, text.find('\n', at) - at);
  };
  Bytes good = ours;
  good.resize(24, 9);
  const std::string digits = "0102030405060708";
  CHECK(line(good, "--cookie=" + digits) ==
        "; COOKIE: " + digits + "09090909090909090909090909090909 (good)");
  CHECK(line(ours, "--cookie=" + digits) == "; COOKIE: " + digits + " (echoed)");
  CHECK(line(Bytes(16, 9), "--cookie=" + digits) == "; COOKIE: 09090909090909090909090909090909 (bad)");
  CHECK(line(Bytes(3, 9), "--cookie=" + digits) == "; COOKIE: 090909 (bad)");
  CHECK(line(ours, "+nocookie") == "; COOKIE: " + digits);  // nobody asked
}

TEST_CASE("every line is a record, a comment or empty", "[text]") {
  for (const char* const line : {"google.com", "google.com +nocomments", "google.com +noall +stats +question",
                                 "google.com +nocmd", "google.com\n192.0.2.66 +nocomments"}) {
    const std::string text = shown(kTls, line);
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
      const std::string_view rest = std::string_view(text).substr(at);
      INFO(rest.substr(0, rest.find('\n')));
      CHECK((rest[0] == ';' || rest[0] == '\n' || rest.starts_with("google.com.\t") ||
             rest.starts_with("www.example.\t")));
    }
  }
}

TEST_CASE("an answer without a question is told to be one, and whose it is", "[text]") {
  Outcome outcome = kTls;
  dns::Message refusal;
  refusal.header.qr = true;
  refusal.edns.emplace().extended_rcode = dns::rcode::BADVERS >> 4;
  outcome.answers[0]->message = dns::decode(dns::encode(refusal)).value();
  const std::string text = shown(outcome, "google.com");
  CHECK(text.find(";; It repeats no question; its ID is that of the query for google.com. IN A.\n") !=
        std::string::npos);
  CHECK(text.find("status: BADVERS") != std::string::npos);
  CHECK(shown(outcome, "google.com --short").empty());
}

TEST_CASE("where there is no answer nothing is shown", "[text]") {
  Outcome outcome = kTls;
  outcome.answers = {std::nullopt};
  CHECK(shown(outcome, "google.com").empty());
}

TEST_CASE("text from outside is made printable", "[text]") {
  CHECK(client::printable("plain text") == "plain text");
  CHECK(client::printable("a\nb\x1b\x7f\\\xc3\xbc") == "a\\010b\\027\\127\\092\\195\\188");
}
