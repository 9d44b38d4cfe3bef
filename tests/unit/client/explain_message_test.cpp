#include "client/show/explain_message.h"

#include <algorithm>

#include "client/show/hex.h"
#include "common/dns/codes.h"
#include "common/dns/message.h"
#include "tests/support/catch.h"
#include "tests/support/hex.h"
#include "tests/unit/client/approved.h"

using namespace dns;

namespace {

Name name(std::string_view text) {
  return Name::parse(text).value();
}

Record record(std::string_view owner, std::uint16_t type, std::string_view rdata) {
  return {name(owner), type, klass::IN, 5400, parse_rdata(type, rdata).value()};
}

Message query(std::string_view owner, std::uint16_t type) {
  Message message;
  message.header.id = 0x1234;
  message.header.rd = message.header.ad = true;
  message.questions = {{name(owner), type, klass::IN}};
  return message;
}

Message answer(std::string_view owner, std::uint16_t type) {
  Message message = query(owner, type);
  message.header.qr = message.header.ra = true;
  return message;
}

Message chain() {
  Message message = answer("www.example.com.", type::A);
  message.answers = {record("www.example.com.", type::CNAME, "web.example.com."),
                     record("web.example.com.", type::A, "192.0.2.1"),
                     record("web.example.com.", type::A, "192.0.2.2")};
  return message;
}

}  // namespace

TEST_CASE("a query with OPT and padding is explained field by field", "[explain]") {
  Message message = query("google.com.", type::A);
  message.edns.emplace();
  message.edns->dnssec_ok = true;
  message.edns->options = {{option::COOKIE, hex("0102030405060708")}, {option::PADDING, Bytes(71)}};
  check_approved("explain_query", client::explain_message(encode(message), "THE QUERY"));
}

TEST_CASE("an answer with compressed names is explained, each pointer with its target", "[explain]") {
  check_approved("explain_answer", client::explain_message(encode(chain()), "THE ANSWER"));
}

TEST_CASE("an answer that says no such name is explained with its SOA", "[explain]") {
  Message message = answer("nobody.example.com.", type::MX);
  message.header.rcode = rcode::NXDOMAIN;
  message.authorities = {
      record("example.com.", type::SOA, "ns1.example.com. host.example.com. 7 1h 900 2w 300")};
  check_approved("explain_name_error", client::explain_message(encode(message), "THE ANSWER"));
}

TEST_CASE("a broken message is explained as far as it goes, and then why not", "[explain]") {
  Bytes wire = encode(chain());
  wire.resize(70);
  check_approved("explain_broken", client::explain_message(wire, "THE ANSWER"));
}

TEST_CASE("long values go on in further rows, and nothing passes column 110", "[explain]") {
  Message message =
      answer("a.label.of.many." + std::string(63, 'x') + "." + std::string(63, 'y') + ".", type::TXT);
  message.answers = {
      record(".", type::TXT, "\"" + std::string(200, 'w') + "\" \"some words and \\200\\027\""),
      record(".", type::RRSIG,
             "MX 15 2 3600 20150819214021 20150729214021 3613 example.com. "
             "oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg=="),
      record("b.", 65280, "\\# 0")};
  const std::string text = client::explain_message(encode(message), "THE ANSWER");
  check_approved("explain_long", text);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    CHECK(end - at <= 110);
    at = end + 1;
  }
  CHECK(std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c < 0x7f); }));
}

TEST_CASE("octets come in rows of eight, a long run of one octet is folded", "[explain]") {
  CHECK(client::hex_rows({}).empty());
  CHECK(client::hex_rows(hex("00 01 02 03 04 05 06 07 08")) ==
        std::vector<std::string>{"00 01 02 03 04 05 06 07", "08"});
  CHECK(client::hex_rows(Bytes(8)) == std::vector<std::string>{"00 00 00 00 00 00 00 00"});
  CHECK(client::hex_rows(Bytes(9, 0xab)) == std::vector<std::string>{"ab x 9"});
}
