#include "proxyserver/asking/screen.h"

#include "common/dns/message.h"
#include "tests/support/catch.h"
#include "tests/support/hex.h"

namespace {

using Verdict = Screening::Verdict;

// A query for google.com A, with RD.
const char* const kQuery =
    "12 34  01 00  00 01 00 00 00 00 00 00       # id, flags, counts\n"
    "06 67 6f 6f 67 6c 65  03 63 6f 6d  00       # google.com.\n"
    "00 01 00 01                                 # A IN\n";

Bytes with(std::size_t offset, std::uint8_t octet) {
  Bytes message = hex(kQuery);
  message.at(offset) = octet;
  return message;
}

Bytes and_then(Bytes message, const Bytes& more) {
  message.insert(message.end(), more.begin(), more.end());
  return message;
}

}  // namespace

TEST_CASE("an ordinary query is forwarded") {
  const Bytes message = hex(kQuery);
  const Screening result = screen(message);
  CHECK(result.verdict == Verdict::forward);
  CHECK(result.query.qtype == dns::type::A);
  CHECK(result.query.question.size() == 16);
}

TEST_CASE("what no DNS client sends is hung up on") {
  CHECK(screen(Bytes{}).verdict == Verdict::hang_up);
  CHECK(screen(Bytes(11)).verdict == Verdict::hang_up);
  CHECK(screen(with(2, 0x81)).verdict == Verdict::hang_up);  // QR=1: answering answers makes loops
}

TEST_CASE("opcodes other than QUERY and zone transfers are not implemented") {
  const auto [name, message] = GENERATE(table<const char*, Bytes>({
      {"STATUS", with(2, 0x11)},
      {"NOTIFY", with(2, 0x21)},
      {"UPDATE", with(2, 0x29)},
      {"DSO", with(2, 0x31)},
      {"opcode 15", with(2, 0x79)},
      {"AXFR", with(25, 252)},
      {"IXFR", with(25, 251)},
  }));
  CAPTURE(name);
  const Screening result = screen(message);
  CHECK(result.verdict == Verdict::answer);
  CHECK(result.rcode == dns::rcode::NOTIMP);
}

TEST_CASE("a message that does not parse, or has not one question, is a format error") {
  const Bytes opt = hex("00 00 29 04 d0 00 00 00 00 00 00");
  Bytes two_opts = and_then(and_then(hex(kQuery), opt), opt);
  two_opts[11] = 2;
  const auto [name, message] = GENERATE_COPY(table<const char*, Bytes>({
      {"no question", Bytes(hex("12 34 01 00 00 00 00 00 00 00 00 00"))},
      {"two questions announced, one there", with(5, 2)},
      {"two questions", and_then(with(5, 2), hex("00 00 01 00 01"))},
      {"an answer announced, none there", with(7, 1)},
      {"counts of 65535", and_then(with(4, 0xff), {})},
      {"one octet too many", and_then(hex(kQuery), Bytes(1))},
      {"a name that points at itself",
       and_then(hex("12 34 01 00 00 01 00 00 00 00 00 00 c0 0c 00 01 00 01"), {})},
      {"a reserved label type", with(12, 0x46)},
      {"two OPTs", two_opts},
  }));
  CAPTURE(name);
  const Screening result = screen(message);
  CHECK(result.verdict == Verdict::answer);
  CHECK(result.rcode == dns::rcode::FORMERR);
}

TEST_CASE("unknown flags, types and classes are forwarded (RFC 5625 §4.1, §4.3)") {
  CHECK(screen(with(3, 0x70)).verdict == Verdict::forward);  // Z, AD, CD
  CHECK(screen(with(24, 0xff)).verdict == Verdict::forward);
  CHECK(screen(with(27, 254)).verdict == Verdict::forward);
}

TEST_CASE("names at and below resolver.arpa are answered here, without data (RFC 9462 §6.1)") {
  const auto [name, verdict] = GENERATE(table<std::string, Verdict>({
      {"resolver.arpa.", Verdict::answer},
      {"_dns.resolver.arpa.", Verdict::answer},
      {"_DNS.Resolver.ARPA.", Verdict::answer},
      {"a.b.resolver.arpa.", Verdict::answer},
      {"notresolver.arpa.", Verdict::forward},
      {"resolver.arpa.example.", Verdict::forward},
      {"arpa.", Verdict::forward},
      {".", Verdict::forward},
  }));
  CAPTURE(name);
  dns::Message message;
  message.questions.push_back({dns::Name::parse(name).value(), dns::type::SVCB, dns::klass::IN});
  const Bytes wire = dns::encode(message);
  const Screening result = screen(wire);
  CHECK(result.verdict == verdict);
  CHECK(result.rcode == dns::rcode::NOERROR);
}

TEST_CASE("the eighth message in a row that is no query is the last, whatever kind it is") {
  const Bytes garbage(12, 0x55), transfer = and_then(hex("1234 0100 0001 0000 0000 0000  00 00fc 0001"), {});
  REQUIRE(screen(garbage).verdict == Verdict::answer);
  REQUIRE(screen(transfer).rcode == dns::rcode::NOTIMP);
  Refusals refusals;
  for (int round = 0; round < 3; ++round) {
    CAPTURE(round);
    for (int i = 0; i < 7; ++i) CHECK(refusals.may_go_on(screen(i % 2 == 0 ? garbage : transfer)));
    // A query breaks the row, also one that is answered here.
    CHECK(refusals.may_go_on(screen(round == 0 ? hex(kQuery)
                                               : hex("1234 0100 0001 0000 0000 0000"
                                                     "08 7265736f6c766572 04 61727061 00 0040 0001"))));
  }
  for (int i = 0; i < 7; ++i) CHECK(refusals.may_go_on(screen(garbage)));
  CHECK_FALSE(refusals.may_go_on(screen(garbage)));
}

TEST_CASE("what is hung up on is no query") {
  CHECK_FALSE(screen(Bytes(11)).is_query());
}
