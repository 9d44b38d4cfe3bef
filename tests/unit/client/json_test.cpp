#include "client/show/json.h"

#include "client/show/json_writer.h"
#include "common/dns/codes.h"
#include "tests/support/catch.h"
#include "tests/unit/client/approved.h"
#include "tests/unit/client/arguments.h"

using client::JsonWriter;
using namespace std::chrono_literals;

namespace {

constexpr std::time_t kNow = 1'700'000'000;

std::string quoted(std::string_view text) {
  JsonWriter json;
  json.value(text);
  return json.take();
}

Bytes octets(std::string_view text) {
  return Bytes(text.begin(), text.end());
}

dns::Record record(std::string_view owner, std::uint16_t type, std::string_view rdata) {
  return {dns::Name::parse(owner).value(), type, dns::klass::IN, 300, dns::parse_rdata(type, rdata).value()};
}

dns::Message message() {
  dns::Message message;
  message.header.id = 4660;
  message.header.qr = message.header.rd = message.header.ra = true;
  message.questions = {{dns::Name::parse("a\\\"b.example").value(), dns::type::TXT, dns::klass::IN}};
  message.answers = {record("a\\\"b.example", dns::type::TXT, R"("a \"word\"" "\195\188\007")"),
                     record("a.example", 65280, R"(\# 2 c0de)")};
  message.authorities = {record("example", dns::type::NS, "ns.example.")};
  message.additionals = {record("ns.example", dns::type::AAAA, "2001:db8::1")};
  message.edns.emplace();
  message.edns->dnssec_ok = true;
  message.edns->z = 0x4001;
  message.edns->options = {{dns::option::NSID, octets("ns\xff")},
                           {dns::option::CLIENT_SUBNET, {0, 1, 24, 0, 192, 0, 2}},
                           {dns::option::COOKIE, Bytes(16, 1)},
                           {dns::option::KEEPALIVE, {0, 100}},
                           dns::extended_error(dns::ede::NETWORK_ERROR, "192.0.2.1: \xe2\x80\xae off"),
                           dns::extended_error(dns::ede::PROHIBITED, ""),
                           {65001, {1, 2}},
                           {dns::option::PADDING, Bytes(7)}};
  return message;
}

client::Answer answer(const dns::Message& from) {
  client::Answer result{
      .message = dns::decode(dns::encode(from)).value(), .sent = 128, .received = 468, .time = 12'345us};
  return result;
}

client::Connection connection(net::Transport transport) {
  client::Connection result{.transport = transport,
                            .address = net::SocketAddress::parse("127.0.0.1", 853).value(),
                            .local = net::SocketAddress::parse("127.0.0.1", 40000).value(),
                            .connect = 120us};
  if (transport != net::Transport::tls) return result;
  result.handshake = 1'240us;
  result.authority = "cert.pem";
  result.tls = tls::ConnectionFacts{.version = "TLSv1.3",
                                    .cipher = "TLS_AES_256_GCM_SHA384",
                                    .group = "x25519",
                                    .alpn = "dot",
                                    .peer = tls::CertificateFacts{.subject = "CN=\"a\"",
                                                                  .issuer = "CN=ca",
                                                                  .names = {"DNS:localhost"},
                                                                  .not_before = std::chrono::sys_seconds(1s),
                                                                  .not_after = std::chrono::sys_seconds(2s),
                                                                  .pin = "AAAA"}};
  return result;
}

std::string shown(const client::Outcome& outcome, std::string_view line) {
  return client::outcome_to_json(outcome, parse_line(line).value(), kNow);
}

}  // namespace

TEST_CASE("JSON text is ASCII whatever goes in", "[json]") {
  const std::pair<std::string_view, const char*> table[] = {
      {"", R"("")"},
      {"plain", R"("plain")"},
      {"\"\\/", R"("\"\\/")"},
      {std::string_view("\0\n\x1f\x7f", 4), R"("\u0000\u000a\u001f\u007f")"},
      {"\xc3\xbc\xe2\x82\xac", R"("\u00fc\u20ac")"},
      {"\xf0\x9f\x98\x80", R"("\ud83d\ude00")"},              // U+1F600: two surrogates
      {"\xf4\x8f\xbf\xbf", R"("\udbff\udfff")"},              // U+10FFFF, the last
      {"\xf4\x90\x80\x80", R"("\ufffd\ufffd\ufffd\ufffd")"},  // beyond it
      {"\xc0\x80", R"("\ufffd\ufffd")"},                      // not the shortest form
      {"\xed\xa0\x80", R"("\ufffd\ufffd\ufffd")"},            // a surrogate
      {"a\xe2\x82", R"("a\ufffd\ufffd")"},                    // cut short
      {"\x80\xff"
       "b",
       R"("\ufffd\ufffdb")"},
      {"\xc3(", R"("\ufffd(")"},
  };
  for (const auto& [text, expected] : table) CHECK(quoted(text) == expected);
}

TEST_CASE("objects and arrays nest, with commas where they belong", "[json]") {
  JsonWriter json;
  json.open_object();
  json.member("a", 1);
  json.open_array("b");
  json.close();
  json.open_array("c");
  json.value(true);
  json.open_object();
  json.close();
  json.value(-0.5);
  json.close();
  json.open_object("d");
  json.member("e", "f");
  json.member("g", 18446744073709551615ull);
  json.close();
  json.close();
  CHECK(json.take() == R"({"a":1,"b":[],"c":[true,{},-0.500],"d":{"e":"f","g":18446744073709551615}})");
}

TEST_CASE("an answer in JSON has the names of RFC 8427, its EDNS and its transport", "[json]") {
  const client::Outcome outcome{
      .answers = {answer(message())}, .connections = {connection(net::Transport::tls)}, .failure = {}};
  check_approved("json_answer", shown(outcome, "a.example TXT --json"));
  client::Outcome hybrid = outcome;
  hybrid.connections[0].tls->group = "X25519MLKEM768";
  CHECK(shown(hybrid, "a.example TXT --json").find(R"("group":"X25519MLKEM768","post_quantum":true,)") !=
        std::string::npos);
}

TEST_CASE("a question without an answer has its error in JSON", "[json]") {
  client::Outcome outcome{.answers = {answer(message()), std::nullopt},
                          .connections = {connection(net::Transport::tcp)},
                          .failure = client::Failure{.phase = client::Phase::query,
                                                     .cause = client::ClosedEarly{true},
                                                     .server = "127.0.0.1:853",
                                                     .unanswered = 1,
                                                     .asked = 2}};
  outcome.answers[0]->message.edns.reset();
  check_approved("json_error", shown(outcome, "@tcp://127.0.0.1:853 a.example TXT b.example MX --json"));
}

TEST_CASE("a run that reached nobody still has an object per question", "[json]") {
  const client::Outcome outcome{
      .answers = {std::nullopt, std::nullopt},
      .connections = {},
      .failure = client::Failure{.cause = client::NoAddress("no such name"), .unanswered = 2, .asked = 2}};
  const std::string text = shown(outcome, "@nowhere.example a.example b.example --json");
  CHECK(std::ranges::count(text, '\n') == 2);
  CHECK(text.find(R"("QNAME":"b.example.")") != std::string::npos);
  CHECK(text.find(R"("exit_code":20)") != std::string::npos);
  CHECK(text.find("transport") == std::string::npos);
}

TEST_CASE("an answer without a question tells all the same what was asked", "[json]") {
  dns::Message refusal;
  refusal.header.qr = true;
  refusal.header.rcode = dns::rcode::FORMERR;
  const std::string line =
      shown({.answers = {answer(refusal)}, .connections = {connection(net::Transport::tls)}, .failure = {}},
            "a.example MX");
  CHECK(line.find(R"("QDCOUNT":0)") != std::string::npos);
  CHECK(line.find(R"("QNAME":"a.example.")") != std::string::npos);
  CHECK(line.find("QTYPEname") == line.rfind("QTYPEname"));
}
