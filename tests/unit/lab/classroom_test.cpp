#include "tests/support/classroom.h"

#include <set>

#include "common/dns/codes.h"
#include "tests/support/catch.h"

namespace {

using namespace dns;

lab::Answer ask(std::string_view name, std::uint16_t type) {
  return classroom().lookup({*Name::parse(name), type, klass::IN});
}

Message message_of(std::string_view name, std::uint16_t type) {
  Message message;
  message.questions.push_back({*Name::parse(name), type, klass::IN});
  message.answers = ask(name, type).answers;
  return message;
}

TEST_CASE("the classroom has a record of every type that we know, and of one that we do not") {
  std::set<std::uint16_t> types;
  for (const Record& record : classroom().records()) types.insert(record.type);
  for (const auto name :
       {"A",       "NS",    "CNAME",      "SOA",        "PTR",      "HINFO", "MX",     "TXT",
        "RP",      "AFSDB", "AAAA",       "LOC",        "SRV",      "NAPTR", "DNAME",  "DS",
        "SSHFP",   "RRSIG", "NSEC",       "DNSKEY",     "NSEC3",    "TLSA",  "SMIMEA", "CDS",
        "CDNSKEY", "CSYNC", "ZONEMD",     "SVCB",       "HTTPS",    "SPF",   "EUI48",  "URI",
        "CAA",     "EUI64", "NSEC3PARAM", "OPENPGPKEY", "TYPE65280"}) {
    CAPTURE(name);
    const std::uint16_t type = *type_from_name(name);
    CHECK(types.contains(type));
    CHECK_FALSE(ask(std::string(name) + ".types.example.", type).answers.empty());
  }
}

TEST_CASE("every record of the classroom survives its text") {
  for (const Record& record : classroom().records()) {
    const std::string text = rdata_to_text(record.rdata);
    CAPTURE(record.owner.to_string(), text);
    CHECK(parse_rdata(record.type, text) == record.rdata);
  }
}

TEST_CASE("the classroom's big answer is about 60 kB, and still a message") {
  const std::size_t size = encode(message_of("big.example.com.", type::TXT)).size();
  CHECK(size > 59000);
  CHECK(size < 64000);  // OPT and padding have room
  CHECK(encode(message_of("large.example.com.", type::TXT)).size() > 1232);
}

TEST_CASE("the classroom's google.com has documentation addresses") {
  CHECK(rdata_to_text(ask("google.com.", type::A).answers.at(0).rdata) == "192.0.2.46");
  CHECK(rdata_to_text(ask("google.com.", type::AAAA).answers.at(0).rdata) == "2001:db8::46");
  CHECK(rdata_to_text(ask("46.2.0.192.in-addr.arpa.", type::PTR).answers.at(0).rdata) == "google.com.");
  CHECK(ask("6.4.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.", type::PTR)
            .answers.size() == 1);
}

}  // namespace
