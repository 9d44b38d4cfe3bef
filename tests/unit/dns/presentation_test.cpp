#include "common/dns/presentation.h"

#include <tuple>

#include "common/dns/codes.h"
#include "tests/support/catch.h"
#include "tests/unit/dns/samples.h"

using namespace dns;

namespace {

Name name(std::string_view text) {
  return Name::parse(text).value();
}

Record record(std::string_view owner, std::uint32_t ttl, std::uint16_t type = type::A,
              std::uint16_t klass = klass::IN) {
  return {name(owner), type, klass, ttl, {type, hex("c0 00 02 01")}};
}

}  // namespace

// Every expected line in this table is one that dig 9.18.49 has printed.
TEST_CASE("a record's columns are dig's", "[presentation]") {
  const std::string_view a16 = "abcdefghijklmnop";
  const std::string a26 = "abcdefghijklmnopqrstuvwxyz";
  const std::tuple<std::string, std::uint32_t, std::string> table[] = {
      {".", 1, ".\t\t\t1\tIN\tA\t192.0.2.1"},
      {".", 1234567, ".\t\t\t1234567\tIN\tA\t192.0.2.1"},
      {".", 12345678, ".\t\t\t12345678 IN\tA\t192.0.2.1"},
      {".", 4294967295, ".\t\t\t4294967295 IN\tA\t192.0.2.1"},
      {"abcd.e", 1, "abcd.e.\t\t\t1\tIN\tA\t192.0.2.1"},
      {a26.substr(0, 14), 1, "abcdefghijklmn.\t\t1\tIN\tA\t192.0.2.1"},
      {std::string(a16), 1, "abcdefghijklmnop.\t1\tIN\tA\t192.0.2.1"},
      {a26.substr(0, 22), 12345678, "abcdefghijklmnopqrstuv.\t12345678 IN\tA\t192.0.2.1"},
      {a26.substr(0, 23), 1, "abcdefghijklmnopqrstuvw. 1\tIN\tA\t192.0.2.1"},
      {a26.substr(0, 23), 1234567, "abcdefghijklmnopqrstuvw. 1234567 IN\tA\t192.0.2.1"},
      {a26, 1, "abcdefghijklmnopqrstuvwxyz. 1\tIN\tA\t192.0.2.1"},
      {a26, 4294967295, "abcdefghijklmnopqrstuvwxyz. 4294967295 IN A\t192.0.2.1"},
      {a26 + ".abcdefghijklm", 1, "abcdefghijklmnopqrstuvwxyz.abcdefghijklm. 1 IN A 192.0.2.1"},
      {a26 + ".abcdefghijklm", 12345678,
       "abcdefghijklmnopqrstuvwxyz.abcdefghijklm. 12345678 IN A\t192.0.2.1"},
      {a26 + ".abcdefghijklm", 4294967295,
       "abcdefghijklmnopqrstuvwxyz.abcdefghijklm. 4294967295 IN\tA 192.0.2.1"},
      {a26 + ".abcdefghijklmabcdefghijklm", 12345678,
       "abcdefghijklmnopqrstuvwxyz.abcdefghijklmabcdefghijklm. 12345678\tIN A 192.0.2.1"},
  };
  for (const auto& [owner, ttl, line] : table) CHECK(record_to_text(record(owner, ttl)) == line);
}

TEST_CASE("a type without a name is written as RFC 3597 says", "[presentation]") {
  CHECK(record_to_text(record("x", 5, 65280)) == "x.\t\t\t5\tIN\tTYPE65280 \\# 4 C0000201");
}

TEST_CASE("a question is a comment without TTL", "[presentation]") {
  CHECK(question_to_text({name("google.com"), type::A, klass::IN}) == ";google.com.\t\t\tIN\tA");
  CHECK(question_to_text({name("3.2.1.in-addr.arpa"), type::PTR, klass::IN}) ==
        ";3.2.1.in-addr.arpa.\t\tIN\tPTR");
  CHECK(question_to_text({Name(), type::NS, klass::IN}) == ";.\t\t\t\tIN\tNS");
}

TEST_CASE("a whole message reads as dig's", "[presentation]") {
  CHECK(to_text(decode(kAnswer).value()) ==
        ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 4660\n"
        ";; flags: qr rd ra; QUERY: 1, ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 1\n"
        "\n"
        ";; OPT PSEUDOSECTION:\n"
        "; EDNS: version: 0, flags:; udp: 512\n"
        "; EDE: 3 (Stale Answer)\n"
        ";; QUESTION SECTION:\n"
        ";google.com.\t\t\tIN\tA\n"
        "\n"
        ";; ANSWER SECTION:\n"
        "google.com.\t\t300\tIN\tA\t192.0.2.1\n"
        "google.com.\t\t300\tIN\tA\t192.0.2.2\n"
        "\n");
  CHECK(to_text(decode(kNameError).value()) ==
        ";; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 43981\n"
        ";; flags: qr aa rd ra; QUERY: 1, ANSWER: 0, AUTHORITY: 1, ADDITIONAL: 0\n"
        "\n"
        ";; QUESTION SECTION:\n"
        ";nope.example.\t\t\tIN\tAAAA\n"
        "\n"
        ";; AUTHORITY SECTION:\n"
        "example.\t\t3600\tIN\tSOA\tns.example. host.example. 1 3600 900 604800 300\n"
        "\n");
}

TEST_CASE("without comments only the question and the records are left", "[presentation]") {
  const Message message = decode(kAnswer).value();
  Sections sections{.comments = false};
  CHECK(to_text(message, sections) ==
        ";google.com.\t\t\tIN\tA\n"
        "google.com.\t\t300\tIN\tA\t192.0.2.1\n"
        "google.com.\t\t300\tIN\tA\t192.0.2.2\n");
  sections.question = false;
  CHECK(to_text(message, sections) ==
        "google.com.\t\t300\tIN\tA\t192.0.2.1\n"
        "google.com.\t\t300\tIN\tA\t192.0.2.2\n");
  sections.answer = false;
  CHECK(to_text(message, sections).empty());
}

TEST_CASE("every flag has its name, and a refused recursion is pointed out", "[presentation]") {
  Message message;
  message.header = {
      .id = 1, .qr = true, .aa = true, .tc = true, .rd = true, .z = true, .ad = true, .cd = true};
  message.header.rcode = rcode::REFUSED;
  CHECK(header_to_text(message) ==
        ";; ->>HEADER<<- opcode: QUERY, status: REFUSED, id: 1\n"
        ";; flags: qr aa tc rd ad cd; MBZ: 0x4; QUERY: 0, ANSWER: 0, AUTHORITY: 0, ADDITIONAL: 0\n"
        ";; WARNING: recursion requested but not available\n");
}

TEST_CASE("what EDNS says is a line, and each option another", "[presentation]") {
  Edns edns;
  edns.dnssec_ok = true;
  edns.z = 1;
  edns.options = {{option::NSID, hex("6e 73 22 ff")}, {option::NSID, {}}, {option::PADDING, Bytes(10)}};
  CHECK(edns_to_text(edns) ==
        ";; OPT PSEUDOSECTION:\n"
        "; EDNS: version: 0, flags: do; MBZ: 0x0001, udp: 1232\n"
        "; NSID: 6e 73 22 ff (\"ns\".\")\n"
        "; NSID:\n"
        "; PAD: (10 bytes)\n");
}
