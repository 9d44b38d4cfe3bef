#include "common/dns/codes.h"
#include "common/dns/rdata.h"
#include "tests/support/catch.h"

namespace {

using namespace dns;

struct Accepted {
  std::uint16_t type;
  std::string_view text;
  std::string_view canonical;  // as it is printed
};

TEST_CASE("RDATA text may be written in more ways than it is printed") {
  const Accepted cases[] = {
      {type::A, "  192.0.2.1\t", "192.0.2.1"},
      {type::NS, "ns", "ns.example.com."},
      {type::NS, "@", "example.com."},
      {type::MX, "10\n\tmx", "10 mx.example.com."},
      {type::SOA, "a. b. 1 1h 1D 2w3d 5M", "a. b. 1 3600 86400 1468800 300"},
      {type::TXT, "a \"b c\" d\\ e", "\"a\" \"b c\" \"d e\""},
      {type::TXT, "\"a\"\"b\"", "\"a\" \"b\""},
      {type::TXT, "a\"b\"", "\"a\" \"b\""},
      {type::TXT, "\\065\\b\\\"", "\"Ab\\\"\""},
      {type::TXT, "\"\\#\" 1 00", "\"#\" \"1\" \"00\""},  // quoted: not RFC 3597's
      {type::AAAA, "2001:DB8:0::1", "2001:db8::1"},
      {type::DS, "1 RSASHA256 2 aa b b\ncc", "1 8 2 AABBCC"},
      {type::DNSKEY, "257 3 ED25519 AQ ID", "257 3 15 AQID"},
      {type::RRSIG, "type65280 8 2 300 4294967295 0 1 a. AQID",
       "TYPE65280 8 2 300 21060207062815 19700101000000 1 a. AQID"},
      {type::NSEC, "a CAA MX A A TYPE300", "a.example.com. A MX CAA TYPE300"},
      {type::NSEC3, "1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr", "1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR"},
      {type::EUI48, "01-23-45-67-89-AB", "01-23-45-67-89-ab"},
      {type::LOC, "42 N 71 W 0", "42 0 0.000 N 71 0 0.000 W 0.00m 1m 10000m 10m"},
      {type::LOC, "42 21 N 71 6 18.5 W -24m 35m",
       "42 21 0.000 N 71 6 18.500 W -24.00m 30m 10000m 10m"},  // 35 does not fit: RFC 1876 has one digit
      {type::LOC, "0 n 0 w 1.5 .5 0 0", ""},
      {type::URI, "1 2 a", "1 2 \"a\""},
      {type::CAA, "0 issue ca.example", "0 issue \"ca.example\""},
      {type::HTTPS, "1 . port=44 alpn=h2,h3", "1 . alpn=\"h2,h3\" port=44"},
      {type::HTTPS, "1 . key3=\\001\\187", "1 . port=443"},
      {type::HTTPS, "1 . alpn=\"a b\"", "1 . alpn=\"a\\032b\""},
      {type::HTTPS, "1 . dohpath=/q{?dns}", "1 . key7=\"/q{?dns}\""},
      {type::HTTPS, "1 . mandatory=port,alpn port=1 alpn=h2", "1 . mandatory=alpn,port alpn=\"h2\" port=1"},
      {type::SVCB, "1 @ alpn=\"f\\\\\\\\oo\\\\,bar,h2\"", "1 example.com. alpn=\"f\\\\\\\\oo\\\\,bar,h2\""},
      {type::MX, "\\# 3 000a00", "10 ."},
      {65280, "\\# 4 0001 0203", "\\# 4 00010203"},
  };
  for (const Accepted& one : cases) {
    CAPTURE(one.type, one.text);
    const auto rdata = parse_rdata(one.type, one.text, *Name::parse("example.com."));
    REQUIRE(rdata.has_value() == !one.canonical.empty());
    if (rdata) CHECK(rdata_to_text(*rdata) == one.canonical);
  }
}

struct Rejected {
  std::uint16_t type;
  std::string_view text;
  std::string_view what;
  std::size_t column;
};

TEST_CASE("wrong RDATA text is refused with what and where") {
  const Rejected cases[] = {
      {type::A, "", "address is missing", 0},
      {type::A, "192.0.2", "address '192.0.2' is no IPv4 address", 0},
      {type::A, "192.0.2.1 2", "'2' is left over", 10},
      {type::AAAA, "::g", "address '::g' is no IPv6 address", 0},
      {type::MX, "10", "exchange is missing", 2},
      {type::MX, "ten a.", "preference 'ten' is not a number", 0},
      {type::MX, "-1 a.", "preference '-1' is not a number", 0},
      {type::MX, "65536 a.", "preference '65536' is above 65535", 0},
      {type::MX, "99999999999 a.", "preference '99999999999' is above 65535", 0},
      {type::MX, "10 a..b", "empty label", 5},
      {type::MX, "10 a. b.", "'b.' is left over", 6},
      {type::SOA, "a. b. 1 2 3 4", "minimum is missing", 13},
      {type::SOA, "a. b. 1 2x 3 4 5", "refresh '2x' is no time such as 3600 or 1h30m", 8},
      {type::TXT, "", "txt-data is missing", 0},
      {type::TXT, "a \"b", "quote is never closed", 2},
      {type::TXT, "\\256", "escape above \\255", 0},
      {type::TXT, "ab\\1x", "escape without its three digits", 2},
      {type::TXT, "ab\\", "nothing after the last backslash", 2},
      {type::DS, "1 8 2 ABC", "digest is not whole octets in hex", 6},
      {type::DS, "1 8 2", "digest is missing", 5},
      {type::DNSKEY, "1 3 8 AQ", "public-key is not whole octets in base 64", 6},
      {type::DNSKEY, "1 3 NONE AQ==", "algorithm 'NONE' is not a number", 4},
      {type::RRSIG, "A 8 2 1h 1 1 1 a. AQ==", "original-ttl '1h' is not a number", 6},
      {type::RRSIG, "A 8 2 1 20231302000000 1 1 a. AQ==",
       "expiration '20231302000000' is no time such as 20240131235959", 8},
      {type::RRSIG, "QUUX 8 2 1 1 1 1 a. AQ==", "type-covered 'QUUX' is no type", 0},
      {type::NSEC, "a.", "types is missing", 2},
      {type::NSEC, "a. A QUUX", "types 'QUUX' is no type", 5},
      {type::NSEC3, "1 0 0 xx 00", "salt 'xx' is not 1 to 255 octets in hex, nor \"-\"", 6},
      {type::NSEC3, "1 0 0 - -", "next-hashed '-' is not 1 to 255 octets in base 32", 8},
      {type::EUI48, "01:23:45:67:89:ab", "address '01:23:45:67:89:ab' is not 6 octets such as 00-53-ff", 0},
      {type::EUI64, "01-23-45-67-89-ab", "address '01-23-45-67-89-ab' is not 8 octets such as 00-53-ff", 0},
      {type::LOC, "91 N 0 E 0", "'91' is no part of a latitude", 0},
      {type::LOC, "90 0 1 N 0 E 0", "'1' is beyond the last latitude", 5},
      {type::LOC, "1 60 N 0 E 0", "'60' is no part of a latitude", 2},
      {type::LOC, "1 1 1.1234 N 0 E 0", "'1.1234' is no part of a latitude", 4},
      {type::LOC, "1 1 1 1 N 0 E 0", "'1' is neither N nor S", 6},
      {type::LOC, "N 0 E 0", "'N' is no part of a latitude", 0},
      {type::LOC, "1 N 1 E", "altitude is missing", 7},
      {type::LOC, "1 N 1 E -100000.01", "'-100000.01' is no altitude from -100000.00m to 42849672.95m", 8},
      {type::LOC, "1 N 1 E 0 90000001", "'90000001' is no length up to 90000000m", 10},
      {type::LOC, "1 N 1 E 0 1 1 1 1", "'1' is left over", 16},
      {type::CAA, "0 is-sue a", "data has not the form of CAA: wrong at octet 1", 0},
      {type::HTTPS, "1 . nonsense", "unknown service parameter 'nonsense'", 4},
      {type::HTTPS, "1 . key01", "unknown service parameter 'key01'", 4},
      {type::HTTPS, "1 . key65536", "unknown service parameter 'key65536'", 4},
      {type::HTTPS, "1 . \"port=1\"", "unknown service parameter 'port'", 5},
      {type::HTTPS, "1 . port=http", "'http' is no value of port", 9},
      {type::HTTPS, "1 . port=1 port=2", "port is there twice", 11},
      {type::HTTPS, "1 . alpn=", "'' is no value of alpn", 9},
      {type::HTTPS, "1 . alpn", "alpn is not a list of protocol names", 4},
      {type::HTTPS, "1 . alpn=h2,,h3", "'h2,,h3' is no value of alpn", 9},
      {type::HTTPS, "1 . ipv4hint=192.0.2.1,", "'192.0.2.1,' is no value of ipv4hint", 13},
      {type::HTTPS, "1 . ipv4hint=192.0.2.1\\000x", "'192.0.2.1\\000x' is no value of ipv4hint", 13},
      {type::HTTPS, "1 . ech=A", "'A' is no value of ech", 8},
      {type::HTTPS, "1 . no-default-alpn", "no-default-alpn without alpn", 4},
      {type::HTTPS, "1 . mandatory=alpn", "mandatory names a key that is not there", 4},
      {type::HTTPS, "1 . mandatory=mandatory", "mandatory is not a rising list of other keys", 4},
      {type::MX, "\\# 4 000a0000", "data has not the form of MX: wrong at octet 3", 0},
      {type::MX, "\\# 3 000a", "data is 2 octets where 3 are announced", 5},
      {type::MX, "\\# 2 000", "data is not whole octets in hex", 5},
      {type::MX, "\\#", "length is missing", 2},
      {65280, "abc", "TYPE65280 has no text but \\# length hex", 0},
      {type::A, "\x1b[31m", "address '\\027[31m' is no IPv4 address", 0},
  };
  for (const Rejected& one : cases) {
    CAPTURE(one.type, one.text);
    const auto rdata = parse_rdata(one.type, one.text);
    REQUIRE_FALSE(rdata);
    CHECK(rdata.error().what == one.what);
    CHECK(rdata.error().column == one.column);
  }
}

TEST_CASE("RDATA text is refused where it would not fit a record") {
  const std::string long_string(256, 'x');
  CHECK(parse_rdata(type::TXT, std::string(255, 'x')));
  CHECK(parse_rdata(type::TXT, long_string).error().what == "character-string longer than 255 octets");
  std::string many;
  for (int i = 0; i < 300; ++i) many += std::string(255, 'x') + ' ';
  CHECK(parse_rdata(type::TXT, many).error().what == "RDATA longer than 65535 octets");
}

TEST_CASE(
    "a compression pointer in the generic form (RFC 3597) is refused: there is no message to point into") {
  CHECK_FALSE(parse_rdata(type::NS, "\\# 2 c000"));
  CHECK(parse_rdata(type::SRV, "\\# 23 000100020003 0c 61626364656667 68696a6b6c c00c 00").has_value() ==
        false);
}

}  // namespace
