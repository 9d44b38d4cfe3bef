#include "client/queries.h"

#include <set>

#include "common/dns/codes.h"
#include "tests/support/catch.h"

using client::Queries;
using client::QueryOptions;
using Kind = client::ReplyFault::Kind;

namespace {

dns::Question question(std::string_view name, std::uint16_t type = dns::type::A) {
  return {dns::Name::parse(name).value(), type, dns::klass::IN};
}

dns::Message reply_to(const client::Query& query) {
  dns::Message reply = dns::decode(query.wire).value();
  reply.header.qr = true;
  return reply;
}

client::ReplyFault fault_of(Queries& queries, const dns::Message& reply) {
  const auto match = queries.match(dns::encode(reply));
  REQUIRE_FALSE(match);
  return match.error();
}

}  // namespace

TEST_CASE("a padded query is a multiple of 128 octets, its padding option last and of zeros", "[queries]") {
  std::string name = "a";
  for (int i = 0; i < 8; ++i) {
    Queries queries({question(name + ".example")}, {}, true);
    const Bytes& wire = queries.all()[0].wire;
    INFO(name);
    CHECK(wire.size() % 128 == 0);
    CHECK(wire.size() <= 256);
    const auto message = dns::decode(wire).value();
    REQUIRE(message.edns);
    CHECK(message.edns->udp_size == 1232);
    REQUIRE(message.edns->options.size() == 1);
    const dns::EdnsOption& padding = message.edns->options.back();
    CHECK(padding.code == dns::option::PADDING);
    CHECK(padding.value == Bytes(padding.value.size(), 0));
    name += "." + std::string(17, 'b');
  }
}

TEST_CASE("without encryption there is no padding, without EDNS no OPT", "[queries]") {
  const Queries plain({question("a.example")}, {}, false);
  CHECK(dns::decode(plain.all()[0].wire).value().edns->options.empty());
  QueryOptions options;
  options.edns = false;
  const Queries bare({question("a.example")}, options, true);
  CHECK_FALSE(dns::decode(bare.all()[0].wire).value().edns);
}

TEST_CASE("a query carries the flags that were asked for", "[queries]") {
  const auto usual = dns::decode(Queries({question("a.example")}, {}, true).all()[0].wire).value();
  CHECK(usual.header.rd);
  CHECK(usual.header.ad);
  CHECK_FALSE(usual.header.cd);
  CHECK_FALSE(usual.edns->dnssec_ok);

  QueryOptions options;
  options.recurse = options.authentic_data = false;
  options.checking_disabled = options.dnssec_ok = true;
  options.udp_size = 512;
  const auto other = dns::decode(Queries({question("a.example")}, options, true).all()[0].wire).value();
  CHECK_FALSE(other.header.rd);
  CHECK_FALSE(other.header.ad);
  CHECK(other.header.cd);
  CHECK(other.edns->dnssec_ok);
  CHECK(other.edns->udp_size == 512);
}

TEST_CASE("the same question asked a thousand times gets a thousand IDs", "[queries]") {
  const Queries queries(std::vector<dns::Question>(1000, question("a.example")), {}, false);
  std::set<std::uint16_t> ids;
  for (const client::Query& query : queries.all()) ids.insert(query.id);
  CHECK(ids.size() == 1000);
}

TEST_CASE("an answer is matched by ID and question, in whatever order answers come", "[queries]") {
  Queries queries({question("a.example"), question("b.example", dns::type::MX)}, {}, true);
  const auto second = queries.match(dns::encode(reply_to(queries.all()[1])));
  REQUIRE(second);
  CHECK(second->index == 1);
  CHECK(queries.unanswered() == 1);
  const auto first = queries.match(dns::encode(reply_to(queries.all()[0])));
  REQUIRE(first);
  CHECK(first->index == 0);
  CHECK(queries.unanswered() == 0);
}

TEST_CASE("the question may come back in another case", "[queries]") {
  Queries queries({question("a.example")}, {}, true);
  dns::Message reply = reply_to(queries.all()[0]);
  reply.questions[0].name = dns::Name::parse("A.eXample").value();
  CHECK(queries.match(dns::encode(reply)));
}

TEST_CASE("a refusal need not repeat the question, be its rcode in the header or in the OPT", "[queries]") {
  Queries queries({question("a.example"), question("b.example")}, {}, true);
  dns::Message reply = reply_to(queries.all()[1]);
  reply.questions.clear();
  reply.edns.emplace().extended_rcode = dns::rcode::BADVERS >> 4;
  const auto second = queries.match(dns::encode(reply));
  REQUIRE(second);
  CHECK(second->index == 1);
  CHECK(second->message.rcode() == dns::rcode::BADVERS);
  reply = reply_to(queries.all()[0]);
  reply.questions.clear();
  reply.edns.reset();
  reply.header.rcode = dns::rcode::FORMERR;
  CHECK(queries.match(dns::encode(reply)));
  CHECK(queries.unanswered() == 0);
}

TEST_CASE("what does not match is told apart", "[queries]") {
  Queries queries({question("a.example"), question("b.example")}, {}, true);
  const dns::Message good = reply_to(queries.all()[0]);
  dns::Message bad = good;

  SECTION("another ID") {
    while (bad.header.id == queries.all()[0].id || bad.header.id == queries.all()[1].id) ++bad.header.id;
    CHECK(fault_of(queries, bad).kind == Kind::wrong_id);
  }
  SECTION("the ID of another query in flight") {
    bad.header.id = queries.all()[1].id;
    const auto fault = fault_of(queries, bad);
    CHECK(fault.kind == Kind::wrong_question);
    CHECK(fault.asked == "b.example. IN A");
    CHECK(fault.found == "a.example. IN A");
  }
  SECTION("a query") {
    bad.header.qr = false;
    CHECK(fault_of(queries, bad).kind == Kind::not_a_response);
  }
  SECTION("another opcode") {
    bad.header.opcode = dns::opcode::NOTIFY;
    CHECK(fault_of(queries, bad).kind == Kind::wrong_opcode);
  }
  SECTION("another type") {
    bad.questions[0].type = dns::type::AAAA;
    CHECK(fault_of(queries, bad).kind == Kind::wrong_question);
  }
  SECTION("no question, or two") {
    bad.questions.clear();
    CHECK(fault_of(queries, bad).kind == Kind::wrong_question);
    bad.questions = {good.questions[0], good.questions[0]};
    CHECK(fault_of(queries, bad).kind == Kind::wrong_question);
  }
  SECTION("a refusal of another question") {
    bad.header.rcode = dns::rcode::FORMERR;
    bad.questions[0].type = dns::type::AAAA;
    CHECK(fault_of(queries, bad).kind == Kind::wrong_question);
  }
  SECTION("NXDOMAIN without a question") {
    bad.header.rcode = dns::rcode::NXDOMAIN;
    bad.questions.clear();
    CHECK(fault_of(queries, bad).kind == Kind::wrong_question);
  }
  SECTION("an answer that has come already") {
    REQUIRE(queries.match(dns::encode(good)));
    CHECK(fault_of(queries, good).kind == Kind::wrong_id);
  }
  SECTION("every strict prefix of the right answer") {
    const Bytes wire = dns::encode(good);
    for (std::size_t size = 0; size < wire.size(); ++size) {
      const auto match = queries.match(ByteView(wire).first(size));
      REQUIRE_FALSE(match);
      CHECK(match.error().kind == Kind::malformed);
    }
  }
  CHECK(queries.unanswered() >= 1);
}
