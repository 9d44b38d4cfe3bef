#include "tests/lab/zone.h"

#include "common/dns/codes.h"
#include "tests/support/catch.h"

namespace {

using namespace dns;
using lab::Answer;
using lab::Zone;

Zone zone(std::string_view text) {
  Zone zone;
  const auto read = zone.read(text, "test");
  if (!read) FAIL(read.error());
  return zone;
}

std::string error_in(std::string_view text) {
  Zone zone;
  const auto read = zone.read(text, "f");
  return read ? "" : read.error();
}

std::string line_of(const Record& record) {
  return record.owner.to_string() + ' ' + std::to_string(record.ttl) + ' ' + type_name(record.type) + ' ' +
         rdata_to_text(record.rdata);
}

std::vector<std::string> lines_of(const std::vector<Record>& records) {
  std::vector<std::string> lines;
  for (const Record& record : records) lines.push_back(line_of(record));
  return lines;
}

Answer ask(const Zone& zone, std::string_view name, std::uint16_t type) {
  return zone.lookup({*Name::parse(name), type, klass::IN});
}

using Lines = std::vector<std::string>;

// --- the reader ---

TEST_CASE("a record may leave out owner, TTL and class, and give the last two in either order") {
  const Zone read = zone(
      "$ORIGIN example.\n"
      "$TTL 1h\n"
      "a A 192.0.2.1\n"
      "  A 192.0.2.2\n"
      "a 60 A 192.0.2.3\n"
      "a IN A 192.0.2.4\n"
      "a IN 60 A 192.0.2.5\n"
      "a 60 IN A 192.0.2.6\n"
      "a CLASS1 TYPE1 \\# 4 c0000207\n");
  CHECK(lines_of(read.records()) == Lines{"a.example. 3600 A 192.0.2.1", "a.example. 3600 A 192.0.2.2",
                                          "a.example. 60 A 192.0.2.3", "a.example. 3600 A 192.0.2.4",
                                          "a.example. 60 A 192.0.2.5", "a.example. 60 A 192.0.2.6",
                                          "a.example. 3600 A 192.0.2.7"});
}

TEST_CASE("without $TTL the TTL before holds") {
  CHECK(lines_of(zone("a. 5 A 192.0.2.1\na. A 192.0.2.2\n").records()).at(1) == "a. 5 A 192.0.2.2");
}

TEST_CASE("comments, empty lines, parentheses and quotes are told apart") {
  const Zone read = zone(
      "; a comment ( with \" both\n"
      "\n"
      "   \t ; another\n"
      "$TTL 1 ; and one more )\n"
      "a. TXT ( ; opened\n"
      "  \"one ; ( two\" ; \"\n"
      "  \\; \\( \\\"\n"
      ")\r\n"
      "b. TXT (a)(b)");
  CHECK(lines_of(read.records()) == Lines{R"(a. 1 TXT "one ; ( two" ";" "(" "\"")", R"(b. 1 TXT "a" "b")"});
}

TEST_CASE("names are completed by the origin, which may itself be relative") {
  const Zone read = zone(
      "$TTL 1\n"
      "$ORIGIN example.\n"
      "@ NS @\n"
      "$ORIGIN sub\n"
      "a MX 1 b\n"
      "\\@ MX 1 b.\n");
  CHECK(lines_of(read.records()) == Lines{"\\@.sub.example. 1 MX 1 b.",
                                          "a.sub.example. 1 MX 1 b.sub.example.", "example. 1 NS example."});
}

TEST_CASE("$GENERATE writes a line for each number") {
  const Zone read = zone("$TTL 1\n$ORIGIN e.\n$GENERATE 9-11 h$ TXT \"$ of \\$\"\n");
  CHECK(lines_of(read.records()) ==
        Lines{R"(h9.e. 1 TXT "9 of $")", R"(h10.e. 1 TXT "10 of $")", R"(h11.e. 1 TXT "11 of $")"});
}

TEST_CASE("a record twice is there once") {
  CHECK(zone("a. 1 A 192.0.2.1\nA. 2 A 192.0.2.1\n").records().size() == 1);
}

TEST_CASE("errors in a zone name file, line and what is wrong") {
  CHECK(error_in("a. 1 A 192.0.2.1\nb. 1 A 192.0.2\n") == "f:2: address '192.0.2' is no IPv4 address");
  CHECK(error_in("a. 1 TXT (\n a\n \\256\n b )\n") == "f:3: escape above \\255");
  CHECK(error_in("a. 1 MX (\n1\n)\n") == "f:3: exchange is missing");
  CHECK(error_in("\n\na. 1 TXT \"a\nb\"\n") == "f:3: quote is never closed");
  CHECK(error_in("a. 1 TXT \"a") == "f:1: quote is never closed");
  CHECK(error_in("a. 1 TXT (\na\n\n") == "f:1: parenthesis is never closed");
  CHECK(error_in("a. 1 TXT ( (\na))\n") == "f:1: parenthesis within parentheses");
  CHECK(error_in("a. 1 TXT a )\n") == "f:1: no parenthesis to close");
  CHECK(error_in(" 1 A 192.0.2.1\n") == "f:1: no owner here nor on a line before");
  CHECK(error_in("a. A 192.0.2.1\n") == "f:1: no TTL here, nor on a line before, nor by $TTL");
  CHECK(error_in("a. 1 IN\n") == "f:1: type is missing");
  CHECK(error_in("a. 1 QUUX b\n") == "f:1: 'QUUX' is no type");
  CHECK(error_in("a. 1 1 A 192.0.2.1\n") == "f:1: '1' is no type");
  CHECK(error_in("a..b 1 A 192.0.2.1\n") == "f:1: empty label");
  CHECK(error_in("$INCLUDE other\n") == "f:1: unknown directive '$INCLUDE'");
  CHECK(error_in("$TTL\n") == "f:1: $TTL takes one field");
  CHECK(error_in("$TTL soon\n") == "f:1: 'soon' is no TTL");
  CHECK(error_in("$ORIGIN a..\n") == "f:1: empty label");
  CHECK(error_in("$GENERATE 3-1 a$. 1 A 192.0.2.$\n") == "f:1: '3-1' is no range such as 1-9");
  CHECK(error_in("$GENERATE 1-99999999 a$. 1 A 192.0.2.1\n") == "f:1: '1-99999999' is no range such as 1-9");
  CHECK(error_in("\n$GENERATE 254-256 a$. 1 A 192.0.2.$\n") ==
        "f:2: address '192.0.2.256' is no IPv4 address");
  CHECK(error_in("a. 1 CNAME b.\na. 1 A 192.0.2.1\n") == "f:2: a. has a CNAME and other data");
  CHECK(error_in("a. 1 A 192.0.2.1\na. 1 CNAME b.\n") == "f:2: a. has a CNAME and other data");
  CHECK(error_in("a. 1 CNAME b.\na. 1 CNAME c.\n") == "f:2: a. has a CNAME and other data");
  CHECK(error_in("a. 1 CNAME b.\na. 1 NSEC b. CNAME NSEC\n").empty());
}

TEST_CASE("a file that is not there is an error, not an empty zone") {
  const std::string file = "/nonexistent/zone";
  CHECK(lab::load_zones({&file, 1}).error() == "/nonexistent/zone: cannot be read");
}

// --- the answers ---

constexpr std::string_view kZone =
    "$TTL 100\n"
    "$ORIGIN example.\n"
    "@        SOA ns host 1 2 3 4 50\n"
    "ns       A 192.0.2.1\n"
    "         TXT two\n"
    "alias    CNAME ALIAS2\n"
    "alias2   CNAME ns\n"
    "gone     CNAME nobody\n"
    "away     CNAME www.other.\n"
    "loop     CNAME pool\n"
    "pool     CNAME loop\n"
    "a.b.c    A 192.0.2.2\n"
    "*.w      A 192.0.2.3\n"
    "         MX 1 ns\n"
    "e.w      TXT e\n"
    "x.y.w    TXT x\n"
    "*.alias.w CNAME ns\n"
    "d        DNAME test.\n"
    "         TXT d\n"
    "self     DNAME self.self\n"
    "long     DNAME "
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\n"
    "$ORIGIN test.\n"
    "@        SOA ns host 1 2 3 4 500\n"
    "here     A 192.0.2.4\n";

const std::string kSoa = "example. 50 SOA ns.example. host.example. 1 2 3 4 50";  // RFC 2308: MINIMUM is less
const std::string kTestSoa = "test. 100 SOA ns.test. host.test. 1 2 3 4 500";     // the SOA's TTL is less

struct Case {
  std::string_view name;
  std::uint16_t type;
  std::uint16_t rcode;
  Lines answers;
  Lines authorities;
};

TEST_CASE("answers are what RFC 1034 says, with its later corrections") {
  const Case cases[] = {
      {"ns.example.", type::A, rcode::NOERROR, {"ns.example. 100 A 192.0.2.1"}, {}},
      {"NS.eXample.", type::A, rcode::NOERROR, {"ns.example. 100 A 192.0.2.1"}, {}},
      {"ns.example.",
       type::ANY,
       rcode::NOERROR,
       {"ns.example. 100 A 192.0.2.1", "ns.example. 100 TXT \"two\""},
       {}},
      {"ns.example.", type::AAAA, rcode::NOERROR, {}, {kSoa}},
      {"nobody.example.", type::A, rcode::NXDOMAIN, {}, {kSoa}},
      {"nobody.elsewhere.", type::A, rcode::REFUSED, {}, {}},
      {".", type::NS, rcode::REFUSED, {}, {}},
      // an empty non-terminal exists (RFC 8020)
      {"b.c.example.", type::A, rcode::NOERROR, {}, {kSoa}},
      {"z.c.example.", type::A, rcode::NXDOMAIN, {}, {kSoa}},
      // aliases
      {"alias.example.",
       type::A,
       rcode::NOERROR,
       {"alias.example. 100 CNAME ALIAS2.example.", "alias2.example. 100 CNAME ns.example.",
        "ns.example. 100 A 192.0.2.1"},
       {}},
      {"alias.example.", type::CNAME, rcode::NOERROR, {"alias.example. 100 CNAME ALIAS2.example."}, {}},
      {"alias.example.", type::ANY, rcode::NOERROR, {"alias.example. 100 CNAME ALIAS2.example."}, {}},
      {"alias2.example.", type::AAAA, rcode::NOERROR, {"alias2.example. 100 CNAME ns.example."}, {kSoa}},
      {"gone.example.", type::A, rcode::NXDOMAIN, {"gone.example. 100 CNAME nobody.example."}, {kSoa}},
      {"away.example.", type::A, rcode::NOERROR, {"away.example. 100 CNAME www.other."}, {}},
      {"loop.example.",
       type::A,
       rcode::NOERROR,
       {"loop.example. 100 CNAME pool.example.", "pool.example. 100 CNAME loop.example."},
       {}},
      // wildcards
      {"any.w.example.", type::A, rcode::NOERROR, {"any.w.example. 100 A 192.0.2.3"}, {}},
      {"a.n.w.example.", type::MX, rcode::NOERROR, {"a.n.w.example. 100 MX 1 ns.example."}, {}},
      {"any.w.example.", type::TXT, rcode::NOERROR, {}, {kSoa}},
      {"*.w.example.", type::A, rcode::NOERROR, {"*.w.example. 100 A 192.0.2.3"}, {}},
      {"w.example.", type::A, rcode::NOERROR, {}, {kSoa}},
      {"e.w.example.", type::A, rcode::NOERROR, {}, {kSoa}},
      {"y.w.example.", type::A, rcode::NOERROR, {}, {kSoa}},
      {"z.y.w.example.", type::A, rcode::NXDOMAIN, {}, {kSoa}},  // y.w exists, and has no wildcard below
      {"q.alias.w.example.",
       type::A,
       rcode::NOERROR,
       {"q.alias.w.example. 100 CNAME ns.example.", "ns.example. 100 A 192.0.2.1"},
       {}},
      // DNAME
      {"d.example.", type::TXT, rcode::NOERROR, {"d.example. 100 TXT \"d\""}, {}},
      {"d.example.", type::DNAME, rcode::NOERROR, {"d.example. 100 DNAME test."}, {}},
      {"here.d.example.",
       type::A,
       rcode::NOERROR,
       {"d.example. 100 DNAME test.", "here.d.example. 100 CNAME here.test.", "here.test. 100 A 192.0.2.4"},
       {}},
      {"here.d.example.",
       type::CNAME,
       rcode::NOERROR,
       {"d.example. 100 DNAME test.", "here.d.example. 100 CNAME here.test."},
       {}},
      {"a.b.d.example.",
       type::A,
       rcode::NXDOMAIN,
       {"d.example. 100 DNAME test.", "a.b.d.example. 100 CNAME a.b.test."},
       {kTestSoa}},
  };
  const Zone data = zone(kZone);
  for (const Case& one : cases) {
    CAPTURE(one.name, type_name(one.type));
    const Answer answer = ask(data, one.name, one.type);
    CHECK(rcode_name(answer.rcode) == rcode_name(one.rcode));
    CHECK(lines_of(answer.answers) == one.answers);
    CHECK(lines_of(answer.authorities) == one.authorities);
  }
}

TEST_CASE("a DNAME that makes a name too long answers YXDOMAIN (RFC 6672)") {
  const Answer answer = ask(zone(kZone), std::string(60, 'x') + ".long.example.", type::A);
  CHECK(rcode_name(answer.rcode) == "YXDOMAIN");
  CHECK(answer.answers.size() == 1);
}

TEST_CASE("a DNAME that leads below itself comes to an end") {
  CHECK(ask(zone(kZone), "a.self.example.", type::A).answers.size() < 100);
}

TEST_CASE("other classes than IN are refused") {
  const Zone data = zone(kZone);
  CHECK(data.lookup({*Name::parse("ns.example."), type::A, klass::CH}).rcode == rcode::REFUSED);
  CHECK(data.lookup({*Name::parse("ns.example."), type::A, klass::ANY}).answers.size() == 1);
}

}  // namespace
