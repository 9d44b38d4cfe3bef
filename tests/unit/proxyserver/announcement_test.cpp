#include "proxyserver/asking/announcement.h"

#include "common/dns/message.h"
#include "proxyserver/asking/reply.h"
#include "tests/support/catch.h"
#include "tests/support/hex.h"

namespace {

std::vector<net::Endpoint> listeners(const std::vector<std::string>& uris) {
  std::vector<net::Endpoint> all;
  for (const std::string& text : uris) {
    const net::Uri uri = net::parse_listener(text).value();
    all.push_back({uri.transport, uri.address.value(), {}, uri.proxied});
  }
  return all;
}

std::vector<std::string> texts(const std::vector<dns::Rdata>& records) {
  std::vector<std::string> all;
  for (const dns::Rdata& rdata : records) all.push_back(dns::rdata_to_text(rdata));
  return all;
}

dns::Message answer_to(const std::string& name, std::uint16_t type, const Announcement& announced,
                       std::uint16_t klass = dns::klass::IN, bool edns = false) {
  dns::Message query;
  query.header.id = 4711;
  query.header.rd = true;
  query.questions = {{dns::Name::parse(name).value(), type, klass}};
  if (edns) query.edns.emplace();
  const Bytes wire = dns::encode(query);
  const dns::Message answer = dns::decode(answer_here(wire, screen(wire), announced)).value();
  CHECK(answer.header.id == 4711);
  CHECK(answer.header.qr);
  CHECK(answer.header.rd);
  CHECK(answer.rcode() == dns::rcode::NOERROR);
  CHECK(answer.questions == query.questions);
  CHECK(answer.edns.has_value() == edns);
  return answer;
}

const Announcement kAnnounced = announce("dns.test", listeners({"tls://192.0.2.1", "tls://[2001:db8::1]"}));

}  // namespace

TEST_CASE("the announcement's octets are those of RFC 9460 and RFC 9461") {
  const Bytes query = hex(
      "12 34  01 00  00 01 00 00 00 00 00 00"
      "04 5f 64 6e 73  08 52 65 73 6f 6c 76 65 72  04 61 72 70 61  00  00 40 00 01");  // _dns.Resolver.arpa
  const Announcement announced = announce("dns.test", listeners({"tls://192.0.2.1:8853"}));
  CHECK(answer_here(query, screen(query), announced) ==
        hex("12 34  85 80  00 01 00 01 00 00 00 01\n"  // QR AA RD RA
            "04 5f 64 6e 73  08 52 65 73 6f 6c 76 65 72  04 61 72 70 61  00  00 40 00 01\n"
            "c0 0c  00 40 00 01  00 00 01 2c  00 22\n"  // SVCB IN, 300 s
            "00 01  03 64 6e 73 04 74 65 73 74 00\n"    // priority 1, dns.test. in full
            "00 01 00 04  03 64 6f 74\n"                // alpn: dot
            "00 03 00 02  22 95\n"                      // port: 8853
            "00 04 00 04  c0 00 02 01\n"                // ipv4hint
            "03 64 6e 73 04 74 65 73 74 00  00 01 00 01  00 00 01 2c  00 04  c0 00 02 01"));
}

TEST_CASE(
    "what is announced is each tls:// listener, with its port if that is not 853, and no wildcard's "
    "address") {
  const auto [bound, records] = GENERATE(table<std::vector<std::string>, std::vector<std::string>>({
      {{"tls://192.0.2.1", "tcp://192.0.2.1", "udp://192.0.2.9"},
       {R"(1 dns.test. alpn="dot" ipv4hint=192.0.2.1)"}},
      {{"tls://192.0.2.1", "tls://192.0.2.2", "tls://[2001:db8::1]"},
       {R"(1 dns.test. alpn="dot" ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1)"}},
      {{"tls://0.0.0.0:8853", "tls://[::]:8853"}, {R"(1 dns.test. alpn="dot" port=8853)"}},
      {{"tls://0.0.0.0", "tls://192.0.2.1:8853"},
       {R"(1 dns.test. alpn="dot")", R"(1 dns.test. alpn="dot" port=8853 ipv4hint=192.0.2.1)"}},
      {{"tls://192.0.2.1", "proxy+tls://192.0.2.2"}, {R"(1 dns.test. alpn="dot" ipv4hint=192.0.2.1)"}},
      {{"udp://192.0.2.1"}, {}},
  }));
  CHECK(texts(announce("dns.test", listeners(bound)).designated) == records);
}

TEST_CASE("the target's addresses are told where they are all known, and go with every port") {
  using Texts = std::vector<std::string>;
  const auto addresses = [](const std::vector<std::string>& bound) {
    return texts(announce("dns.test", listeners(bound)).addresses);
  };
  CHECK(addresses({"tls://192.0.2.1", "tls://[2001:db8::1]"}) == Texts{"192.0.2.1", "2001:db8::1"});
  CHECK(addresses({"tls://0.0.0.0", "tls://[2001:db8::1]"}) == Texts{"2001:db8::1"});
  CHECK(addresses({"tls://192.0.2.1:853", "tls://192.0.2.2:8853"}).empty());
  CHECK(announce("", listeners({"tls://192.0.2.1"})) == Announcement{});
}

TEST_CASE(
    "_dns.resolver.arpa has the SVCB record, in any case, with the addresses besides, and an OPT to an OPT") {
  const bool edns = GENERATE(false, true);
  const std::uint16_t type = GENERATE(as<std::uint16_t>(), dns::type::SVCB, dns::type::ANY);
  const dns::Message answer = answer_to("_DNS.resolver.ARPA.", type, kAnnounced, dns::klass::IN, edns);
  CHECK(answer.header.aa);
  REQUIRE(answer.answers.size() == 1);
  CHECK(answer.answers[0].owner.to_string() == "_DNS.resolver.ARPA.");
  CHECK(answer.answers[0].type == dns::type::SVCB);
  CHECK(answer.answers[0].ttl == 300);
  CHECK(answer.authorities.empty());
  REQUIRE(answer.additionals.size() == 2);
  CHECK(answer.additionals[1].owner.to_string() == "dns.test.");
  CHECK(answer.additionals[1].type == dns::type::AAAA);
}

TEST_CASE("all else of resolver.arpa is there without data, and its SOA says for how long (RFC 9462 §6.4)") {
  const auto [name, type] = GENERATE(table<std::string, std::uint16_t>({
      {"_dns.resolver.arpa.", dns::type::A},
      {"_dns.resolver.arpa.", dns::type::HTTPS},
      {"resolver.arpa.", dns::type::SVCB},
      {"resolver.arpa.", dns::type::NS},
      {"x._dns.resolver.arpa.", dns::type::SVCB},
      {"_dns.Resolver.arpa.", dns::type::TXT},
  }));
  const bool announces = GENERATE(true, false);
  CAPTURE(name, type, announces);
  const dns::Message answer = answer_to(name, type, announces ? kAnnounced : Announcement{});
  CHECK(answer.header.aa);
  CHECK(answer.answers.empty());
  CHECK(answer.additionals.empty());
  REQUIRE(answer.authorities.size() == 1);
  CHECK(answer.authorities[0].owner == dns::Name::parse("resolver.arpa.").value());
  CHECK(dns::rdata_to_text(answer.authorities[0].rdata) ==
        "resolver.arpa. nobody.invalid. 1 3600 1200 604800 300");
}

TEST_CASE("without --announce the SVCB record is not there, the zone is, and other classes have neither") {
  CHECK(answer_to("_dns.resolver.arpa.", dns::type::SVCB, {}).answers.empty());
  CHECK(answer_to("_dns.resolver.arpa.", dns::type::SVCB, {}).authorities.size() == 1);
  CHECK(answer_to("resolver.arpa.", dns::type::SOA, {}).answers.size() == 1);
  const dns::Message chaos = answer_to("_dns.resolver.arpa.", dns::type::SVCB, kAnnounced, dns::klass::CH);
  CHECK(chaos.answers.empty());
  CHECK(chaos.authorities.empty());
}

TEST_CASE("what is no query has the error's reply, whatever is announced") {
  const Bytes transfer = hex(
      "12 34  01 00  00 01 00 00 00 00 00 00  08 72 65 73 6f 6c 76 65 72  04 61 72 70 61  00  00 fc 00 01");
  CHECK(answer_here(transfer, screen(transfer), kAnnounced) == error_reply(transfer, dns::rcode::NOTIMP));
}

TEST_CASE("a name that is announced is a host's own") {
  for (const char* name : {"dns.example.net", "dns.example.net.", "localhost"}) {
    CAPTURE(name);
    CHECK(complaint_about_announced(name).empty());
  }
  for (const char* name :
       {"", ".", "192.0.2.1", "::1", "a b", "*.example.net", "resolver.arpa", "x.Resolver.arpa."}) {
    CAPTURE(name);
    CHECK_FALSE(complaint_about_announced(name).empty());
  }
}
