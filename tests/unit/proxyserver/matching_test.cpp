#include "proxyserver/upstreams/matching.h"

#include "common/dns/codes.h"
#include "common/dns/message.h"
#include "tests/support/catch.h"
#include "tests/support/hex.h"

namespace {

dns::Message query() {
  dns::Message message;
  message.header.id = 0x1234;
  message.header.rd = true;
  message.questions.push_back({dns::Name::parse("gOOgle.com").value(), dns::type::AAAA, dns::klass::IN});
  message.edns.emplace();
  return message;
}

dns::Message bare(std::uint16_t rcode) {
  dns::Message message;
  message.header = query().header;
  message.header.qr = message.header.ra = true;
  message.header.rcode = rcode & 15;
  if (rcode > 15) message.edns.emplace().extended_rcode = static_cast<std::uint8_t>(rcode >> 4);
  return message;
}

// What the client gets; nullopt: it is no answer.
std::optional<dns::Message> for_client(const Bytes& came, bool client_has_opt = true) {
  const Bytes asked = dns::encode(query());
  Bytes made;
  const auto view =
      answer_for_client(dns::inspect(came).value(), dns::inspect(asked).value(), client_has_opt, made);
  if (!view) return std::nullopt;
  CHECK(view->header.id == 0x1234);
  return dns::decode(view->bytes).value();
}

std::optional<dns::Message> for_client(const dns::Message& came, bool client_has_opt = true) {
  return for_client(dns::encode(came), client_has_opt);
}

}  // namespace

TEST_CASE("a refusal without a question gets the query's back, as the client wrote it") {
  const auto rcode =
      GENERATE(as<std::uint16_t>(), dns::rcode::FORMERR, dns::rcode::SERVFAIL, dns::rcode::NOTIMP,
               dns::rcode::REFUSED, dns::rcode::BADVERS, dns::rcode::BADCOOKIE, 0xfff);
  CAPTURE(rcode);
  const auto reply = for_client(bare(rcode));
  REQUIRE(reply);
  CHECK(reply->rcode() == rcode);
  CHECK(reply->header.qr);
  CHECK(reply->header.ra);
  REQUIRE(reply->questions.size() == 1);
  CHECK(reply->questions[0].name.to_string() == "gOOgle.com.");
  CHECK(reply->questions[0].type == dns::type::AAAA);
  CHECK(reply->edns.has_value() == (rcode > 15));
}

TEST_CASE("an answer without a question that may be anybody's is none (RFC 5452 §9.1)") {
  CHECK_FALSE(for_client(bare(dns::rcode::NOERROR)));
  CHECK_FALSE(for_client(bare(dns::rcode::NXDOMAIN)));
  dns::Message message = bare(dns::rcode::NOERROR);
  message.edns.emplace();  // its upper bits are zero as well
  CHECK_FALSE(for_client(message));
  message = bare(dns::rcode::FORMERR);
  message.header.qr = false;
  CHECK_FALSE(for_client(message));
  message.header.qr = true;
  message.header.opcode = dns::opcode::NOTIFY;
  CHECK_FALSE(for_client(message));
}

TEST_CASE("a refusal of another question is none of ours") {
  dns::Message message = bare(dns::rcode::FORMERR);
  message.questions = query().questions;
  CHECK(for_client(message));
  message.questions[0].type = dns::type::A;
  CHECK_FALSE(for_client(message));
  message.questions = {query().questions[0], query().questions[0]};
  CHECK_FALSE(for_client(message));
}

TEST_CASE("the OPT of a refusal goes along whole, records beside it do not") {
  dns::Message message = bare(dns::rcode::BADVERS);
  message.edns->udp_size = 4096;
  message.edns->options = {{dns::option::NSID, {1, 2, 3}}};
  message.authorities = {{dns::Name::parse("com").value(), 65280, dns::klass::IN, 5, {65280, {7}}}};
  const auto reply = for_client(message);
  REQUIRE(reply);
  CHECK(reply->edns == message.edns);
  CHECK(reply->authorities.empty());
}

TEST_CASE("an rcode that needs an OPT is no NOERROR to a client without one (RFC 6891 §7)") {
  auto reply = for_client(bare(dns::rcode::BADVERS), false);
  REQUIRE(reply);
  CHECK(reply->header.rcode == dns::rcode::SERVFAIL);
  dns::Message message = bare(dns::rcode::BADVERS);
  message.questions = query().questions;
  reply = for_client(message, false);
  REQUIRE(reply);
  CHECK(reply->rcode() == dns::rcode::SERVFAIL);  // nothing is left of the upper bits
  CHECK(reply->questions == query().questions);
  CHECK(for_client(bare(dns::rcode::FORMERR), false)->header.rcode == dns::rcode::FORMERR);
}

TEST_CASE("an answer that repeats its question stays the octets that came") {
  dns::Message message = bare(dns::rcode::BADVERS);
  message.questions = query().questions;
  const Bytes came = dns::encode(message), asked = dns::encode(query());
  Bytes made;
  const auto view = answer_for_client(dns::inspect(came).value(), dns::inspect(asked).value(), true, made);
  REQUIRE(view);
  CHECK(view->bytes.data() == came.data());
  CHECK(made.empty());
}

// NOTAUTH, no question, one additional: the root's TSIG with four octets of RDATA.
const Bytes kSignedRefusal = hex("1234 8109 0000 0000 0000 0001  00 00fa 00ff 00000000 0004 01020304");

TEST_CASE("a signed refusal of a signed query stays as it came, question or none (RFC 8945 §5.3.2)") {
  const Bytes& came = kSignedRefusal;
  const Bytes asked =
      hex("1234 0100 0001 0000 0000 0001  01 61 00 0001 0001  00 00fa 00ff 00000000 0004 01020304");
  Bytes made;
  const auto view = answer_for_client(dns::inspect(came).value(), dns::inspect(asked).value(), true, made);
  REQUIRE(view);
  CHECK(view->bytes.data() == came.data());
  CHECK(view->bytes.size() == came.size());
}

TEST_CASE("a signed refusal of a query that was not signed gets the question, and loses the signature") {
  const auto reply = for_client(kSignedRefusal);
  REQUIRE(reply);
  CHECK(reply->rcode() == 9);  // NOTAUTH
  CHECK(reply->questions == query().questions);
  CHECK(reply->additionals.empty());
}

TEST_CASE("a refusal whose OPT leaves no room for the question is no answer: no message is that long") {
  const std::size_t question = dns::inspect(dns::encode(query())).value().question.size();
  for (const std::size_t room : {question, question - 1}) {
    dns::Message message = bare(dns::rcode::FORMERR);
    const std::size_t opt = 11, option = 4;
    message.edns.emplace().options.push_back(
        {65001, Bytes(dns::kLargestMessage - dns::kHeaderSize - opt - option - room, 'x')});
    CHECK(for_client(message).has_value() == (room == question));
  }
}
