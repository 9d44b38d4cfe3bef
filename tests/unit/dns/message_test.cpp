#include "common/dns/message.h"

#include <string>

#include "common/dns/codes.h"
#include "common/dns/message_view.h"
#include "tests/support/catch.h"
#include "tests/unit/dns/samples.h"

using namespace dns;

namespace {

Name name(std::string_view text) {
  return Name::parse(text).value();
}

Record a_record(std::string_view owner, std::uint8_t last) {
  return {name(owner), type::A, klass::IN, 60, {type::A, {192, 0, 2, last}}};
}

Bytes with(Bytes wire, std::size_t at, std::uint8_t octet) {
  wire.at(at) = octet;
  return wire;
}

}  // namespace

TEST_CASE("every sample decodes, and encodes to the same octets again") {
  for (const Sample& sample : kSamples) {
    INFO(sample.name);
    const auto message = decode(sample.wire);
    REQUIRE(message);
    CHECK(encode(*message) == sample.wire);
  }
}

TEST_CASE("every strict prefix of every sample is refused") {
  for (const Sample& sample : kSamples) {
    for (std::size_t size = 0; size < sample.wire.size(); ++size) {
      INFO(sample.name << ", its first " << size << " octets");
      CHECK_FALSE(
          decode(Bytes(sample.wire.begin(), sample.wire.begin() + static_cast<std::ptrdiff_t>(size))));
    }
  }
}

TEST_CASE("octets after the message are refused") {
  Bytes wire = kAnswer;
  wire.push_back(0);
  const auto message = decode(wire);
  REQUIRE_FALSE(message);
  CHECK(message.error().fault == WireFault::trailing_bytes);
  CHECK(message.error().offset == kAnswer.size());
}

TEST_CASE("a query's parts are where they belong") {
  const Message message = decode(kQuery).value();
  CHECK(message.header.id == 0x1234);
  CHECK(message.header.rd);
  REQUIRE(message.questions.size() == 1);
  CHECK(message.questions[0].name.to_string() == "Google.com.");
  CHECK(message.questions[0].type == type::A);
  CHECK(message.questions[0].klass == klass::IN);
  CHECK(message.additionals.empty());  // OPT is not among them
  REQUIRE(message.edns);
  CHECK(message.edns->dnssec_ok);
  CHECK(message.edns->options.at(0) == EdnsOption{option::COOKIE, hex("0102030405060708")});
}

TEST_CASE("an answer's parts are where they belong, its names written out") {
  const Message message = decode(kAnswer).value();
  REQUIRE(message.answers.size() == 2);
  CHECK(message.answers[1].owner.to_string() == "google.com.");
  CHECK(message.answers[1].ttl == 300);
  CHECK(message.answers[1].rdata == Rdata{type::A, hex("c0000202")});

  const Message chain = decode(kChain).value();
  CHECK(chain.answers.at(0).rdata == Rdata{type::CNAME, hex("03 776562 07 6578616d706c65 00")});
  CHECK(chain.answers.at(1).owner.to_string() == "web.example.");
}

TEST_CASE("a type nobody knows is carried as octets (RFC 3597 §3)") {
  const Message message = decode(kUnknownType).value();
  CHECK(message.answers.at(0).rdata == Rdata{65280, hex("dead00")});
}

TEST_CASE("the rcode has twelve bits, eight of them in the OPT (RFC 6891 §6.1.3)") {
  Message message;
  message.header.rcode = 7;
  CHECK(message.rcode() == 7);
  message.edns.emplace().extended_rcode = 1;
  CHECK(message.rcode() == rcode::BADCOOKIE);
  CHECK(decode(encode(message)).value().rcode() == rcode::BADCOOKIE);
}

TEST_CASE("OPT is written behind the additional records but before a signature (RFC 8945 §5.1)") {
  Message message;
  message.additionals = {a_record("a.", 1)};
  message.edns.emplace();
  Bytes wire = encode(message);
  CHECK(Bytes(wire.end() - 11, wire.end()) == hex("00 0029 04d0 00000000 0000"));

  message.additionals.push_back({name("k."), type::TSIG, klass::ANY, 0, {type::TSIG, hex("01 68 00")}});
  wire = encode(message);
  const auto view = inspect(wire);
  REQUIRE(view);
  CHECK(view->is_signed);
  CHECK(view->opt);
}

TEST_CASE("the counts in an encoded message are those of its vectors") {
  Message message;
  message.header.qdcount = message.header.ancount = 999;
  message.questions = {{name("a."), type::A, klass::IN}};
  message.answers = {a_record("a.", 1), a_record("a.", 2)};
  message.authorities = {a_record("b.", 3)};
  message.additionals = {a_record("c.", 4)};
  message.edns.emplace();
  const Header header = decode(encode(message)).value().header;
  CHECK(header.qdcount == 1);
  CHECK(header.ancount == 2);
  CHECK(header.nscount == 1);
  CHECK(header.arcount == 2);
}

TEST_CASE("counts of 65,535 without data are refused at once") {
  for (const std::size_t count_at : {4U, 6U, 8U, 10U}) {
    Bytes wire(12, 0);
    wire[count_at] = wire[count_at + 1] = 0xff;
    INFO("count at octet " << count_at);
    const auto message = decode(wire);
    REQUIRE_FALSE(message);
    CHECK(message.error().fault == WireFault::truncated);
    CHECK(message.error().offset == 12);
  }
}

TEST_CASE("two OPTs, an OPT out of its section or with an owner are refused (RFC 6891 §6.1.1)") {
  const Bytes opt = hex("00 0029 04d0 00000000 0000");
  Bytes two = with(kQuery, 11, 2);
  two.insert(two.end(), opt.begin(), opt.end());
  CHECK(decode(two).error().fault == WireFault::duplicate_opt);
  CHECK(decode(with(with(kQuery, 11, 0), 7, 1)).error().fault == WireFault::misplaced_opt);
  CHECK(decode(with(with(kQuery, 11, 0), 9, 1)).error().fault == WireFault::misplaced_opt);
  Bytes owned = kQuery;
  owned.erase(owned.begin() + 28);
  owned.insert(owned.begin() + 28, {0xc0, 0x0c});
  CHECK(decode(owned).error().fault == WireFault::misplaced_opt);
}

TEST_CASE("RDATA shorter or longer than its type's form is refused") {
  const std::size_t length_at = 28 + 11;  // the low octet of the first answer's RDLENGTH
  CHECK(kAnswer[length_at] == 4);
  CHECK_FALSE(decode(with(kAnswer, length_at, 3)));
  CHECK_FALSE(decode(with(kAnswer, length_at, 5)));
  CHECK_FALSE(decode(with(kAnswer, length_at, 0xff)));

  // Where nothing follows that could go wrong instead: an A record of three octets, and one of five.
  const std::string_view head = "0001 8180 0000 0001 0000 0000  01 61 00  0001 0001 0000003c ";
  for (const std::string_view rdata : {"0003 c00002", "0005 c000020100"}) {
    const auto message = decode(hex(std::string(head).append(rdata)));
    REQUIRE_FALSE(message);
    CHECK(message.error().fault == WireFault::bad_rdata);
    CHECK(message.error().offset >= 25);
  }
}

TEST_CASE("what decodes passes inspection, however its octets are changed") {
  for (const Sample& sample : kSamples) {
    for (std::size_t at = 0; at < sample.wire.size(); ++at) {
      for (const std::uint8_t octet : hex("00 01 0c 29 3f 40 80 c0 ff")) {
        const Bytes wire = with(sample.wire, at, octet);
        const auto message = decode(wire);
        if (!message) continue;
        INFO(sample.name << ", octet " << at << " = " << static_cast<int>(octet));
        REQUIRE(inspect(wire));
        const auto again = decode(encode(*message));
        REQUIRE(again);
        CHECK(again->answers == message->answers);
        CHECK(again->edns == message->edns);
      }
    }
  }
}

TEST_CASE("an answer of 60 kB with a name for every record survives the way there and back") {
  Message message;
  message.questions = {{name("many.example."), type::A, klass::IN}};
  for (int i = 0; i < 2400; ++i)
    message.answers.push_back(
        a_record("host" + std::to_string(i) + ".example.", static_cast<std::uint8_t>(i)));
  const Bytes wire = encode(message);
  CHECK(wire.size() > 55'000);
  CHECK(wire.size() <= 65'535);
  Message decoded = decode(wire).value();
  CHECK(decoded.answers == message.answers);
  CHECK(encode(decoded) == wire);
}
