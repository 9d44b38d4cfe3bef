#include "proxyserver/asking/reply.h"

#include "common/dns/codes.h"
#include "common/dns/message.h"
#include "tests/support/catch.h"
#include "tests/support/hex.h"

namespace {

dns::Message query(bool with_edns) {
  dns::Message message;
  message.header.id = 0x1234;
  message.header.rd = true;
  message.header.cd = true;
  message.questions.push_back({dns::Name::parse("Google.com").value(), dns::type::AAAA, dns::klass::IN});
  if (with_edns) message.edns.emplace();
  return message;
}

dns::Message reply_to(const dns::Message& asked, std::uint16_t rcode,
                      const std::optional<ExtendedError>& error = {}) {
  const auto reply = dns::decode(error_reply(dns::encode(asked), rcode, error));
  REQUIRE(reply.has_value());
  return *reply;
}

}  // namespace

TEST_CASE("an error reply repeats ID, question, RD and CD (RFC 1035 §4.1.1)") {
  const dns::Message reply = reply_to(query(false), dns::rcode::SERVFAIL);
  CHECK(reply.header.id == 0x1234);
  CHECK(reply.header.qr);
  CHECK(reply.header.rd);
  CHECK(reply.header.cd);
  CHECK(reply.header.ra);
  CHECK(reply.rcode() == dns::rcode::SERVFAIL);
  CHECK(reply.questions == query(false).questions);
  CHECK(reply.questions[0].name.to_string() == "Google.com.");  // the case it came in (0x20)
}

TEST_CASE("an error reply has an OPT, and the reason in it, exactly if the query had one (RFC 6891 §7)") {
  const ExtendedError error{dns::ede::NETWORK_ERROR, "tls://192.0.2.1:853: timed out"};
  CHECK(!reply_to(query(false), dns::rcode::SERVFAIL, error).edns);
  const dns::Message reply = reply_to(query(true), dns::rcode::SERVFAIL, error);
  REQUIRE(reply.edns);
  const dns::EdnsOption* option = reply.edns->find(dns::option::EXTENDED_ERROR);
  REQUIRE(option != nullptr);
  const std::string text = "tls://192.0.2.1:853: timed out";
  Bytes expected{0, 23};
  expected.insert(expected.end(), text.begin(), text.end());
  CHECK(option->value == expected);
}

TEST_CASE("the reason in a reply is printable and short, whatever the upstream's certificate said") {
  const ExtendedError error{dns::ede::OTHER, "\x1b[31m" + std::string(1000, 'x')};
  const dns::Message reply = reply_to(query(true), dns::rcode::SERVFAIL, error);
  const Bytes& value = reply.edns->find(dns::option::EXTENDED_ERROR)->value;
  CHECK(value.size() <= 242);
  CHECK(value[2] == '?');
}

TEST_CASE("a query whose question cannot be read is answered by a header") {
  const Bytes reply =
      error_reply(hex("12 34 01 00 00 01 00 00 00 00 00 00 c0 0c 00 01 00 01"), dns::rcode::FORMERR);
  CHECK(reply == hex("12 34 81 81 00 00 00 00 00 00 00 00"));
}

TEST_CASE("a reply to a query with two OPTs has one") {
  Bytes message = dns::encode(query(true));
  const Bytes opt = hex("00 00 29 04 d0 00 00 00 00 00 00");
  message.insert(message.end(), opt.begin(), opt.end());
  message[11] = 2;
  const auto reply = dns::decode(error_reply(message, dns::rcode::FORMERR));
  REQUIRE(reply.has_value());
  CHECK(reply->edns.has_value());
}
