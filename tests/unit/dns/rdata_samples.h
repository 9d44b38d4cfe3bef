// One record of each type, and of each shape a type can take: octets and the text dig 9.18 prints for them.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/dns/codes.h"

struct RdataSample {
  std::string_view name;
  std::uint16_t type;
  std::string_view wire;  // for hex()
  std::string_view text;
};

inline constexpr RdataSample kRdataSamples[] = {
    {"A", dns::type::A, "c0 00 02 01", "192.0.2.1"},
    {"NS", dns::type::NS, "02 6e73 00", "ns."},
    {"CNAME", dns::type::CNAME, "01 61 07 6578616d706c65 00", "a.example."},
    {"SOA", dns::type::SOA,
     R"(01 61 00       # MNAME
        03 622e63 00   # RNAME, a dot in its label
        00000001       # SERIAL
        00000e10 00000384 00093a80  # REFRESH RETRY EXPIRE
        ffffffff       # MINIMUM)",
     "a. b\\.c. 1 3600 900 604800 4294967295"},
    {"PTR to the root", dns::type::PTR, "00", "."},
    {"HINFO", dns::type::HINFO, "03 504450 00", "\"PDP\" \"\""},
    {"MX", dns::type::MX, "000a 02 6d78 00", "10 mx."},
    {"TXT", dns::type::TXT, "01 61 02 6220", "\"a\" \"b \""},
    {"TXT, an empty string", dns::type::TXT, "00", "\"\""},
    {"TXT, escapes", dns::type::TXT, "08 22 5c 3b 40 00 1b 7f c3", R"("\"\\;@\000\027\127\195")"},
    {"RP", dns::type::RP, "01 61 00 01 62 00", "a. b."},
    {"AFSDB", dns::type::AFSDB, "0001 01 61 00", "1 a."},
    {"AAAA", dns::type::AAAA, "20010db8 00000000 00000000 00000001", "2001:db8::1"},
    {"AAAA, IPv4-mapped", dns::type::AAAA, "00000000 00000000 0000ffff c0000201", "::ffff:192.0.2.1"},
    {"LOC", dns::type::LOC, "00 33 16 13 89172dd0 70be15f0 00988d20",
     "42 21 54.000 N 71 6 18.000 W -24.00m 30m 10000m 10m"},
    {"LOC, sizes below a metre", dns::type::LOC, "00 31 80 90 80000000 80000000 00989680",
     "0 0 0.000 N 0 0 0.000 E 0.00m 0.30m 0.08m 0.09m"},
    {"LOC, the extremes", dns::type::LOC, "00 99 00 99 6cb02700 a69fb200 ffffffff",
     "90 0 0.000 S 180 0 0.000 E 42849672.95m 90000000m 0.00m 90000000m"},
    {"LOC, an unknown version", dns::type::LOC, "01 02 03", "\\# 3 010203"},
    {"SRV", dns::type::SRV, "0001 0002 0355 01 61 00", "1 2 853 a."},
    {"SRV, a name with odd octets", dns::type::SRV, "0001 0002 0003 05 612e40285c 03 3b24ff 00",
     R"(1 2 3 a\.\@\(\\.\;\$\255.)"},
    {"NAPTR", dns::type::NAPTR, "0064 000a 01 75 07 4532552b736970 06 215e2e2a2421 00",
     R"(100 10 "u" "E2U+sip" "!^.*$!" .)"},
    {"DNAME", dns::type::DNAME, "01 61 00", "a."},
    {"DS", dns::type::DS, "1234 08 02 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "4660 8 2 000102030405060708090A0B0C0D0E0F101112131415161718191A1B 1C1D1E1F"},
    {"SSHFP", dns::type::SSHFP, "01 01 000102030405060708090a0b0c0d0e0f10111213",
     "1 1 000102030405060708090A0B0C0D0E0F10111213"},
    {"RRSIG", dns::type::RRSIG,
     R"(0001 08 02 00000e10   # A, RSASHA256, 2 labels, original TTL
        65432100 653210ff     # expiration, inception
        1234 01 61 00         # key tag, signer
        000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
        000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f)",
     "A 8 2 3600 20231102040936 20231020053247 4660 a. "
     "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AAQIDBAUGBwgJ CgsMDQ4PEBESExQVFhcYGRobHB0eHw=="},
    {"RRSIG, an unknown type and the last of times", dns::type::RRSIG,
     "ff00 08 02 ffffffff 80000000 00000000 1234 00 01",
     "TYPE65280 8 2 4294967295 20380119031408 19700101000000 4660 . AQ=="},
    {"NSEC", dns::type::NSEC, "01 61 00  00 06 400000000003  ff 01 80", "a. A RRSIG NSEC TYPE65280"},
    {"DNSKEY", dns::type::DNSKEY, "0101 03 08 01020304", "257 3 8 AQIDBA=="},
    {"NSEC3", dns::type::NSEC3, "01 00 000a 02 abcd 14 000102030405060708090a0b0c0d0e0f10111213 00 01 40",
     "1 0 10 ABCD 000G40O40K30E209185GO38E1S8124GJ A"},
    {"NSEC3, neither salt nor types", dns::type::NSEC3,
     "01 00 000a 00 14 000102030405060708090a0b0c0d0e0f10111213",
     "1 0 10 - 000G40O40K30E209185GO38E1S8124GJ"},
    {"NSEC3PARAM", dns::type::NSEC3PARAM, "01 00 000a 02 aabb", "1 0 10 AABB"},
    {"NSEC3PARAM, no salt", dns::type::NSEC3PARAM, "01 00 000a 00", "1 0 10 -"},
    {"TLSA", dns::type::TLSA, "03 01 01 01", "3 1 1 01"},
    {"SMIMEA", dns::type::SMIMEA, "03 00 02 ff", "3 0 2 FF"},
    {"CDS", dns::type::CDS, "0000 00 00 00", "0 0 0 00"},
    {"CDNSKEY", dns::type::CDNSKEY, "0000 03 00 00", "0 3 0 AA=="},
    {"OPENPGPKEY", dns::type::OPENPGPKEY, "01 02", "AQI="},
    {"CSYNC", dns::type::CSYNC, "00000042 0003 00 04 60000008", "66 3 A NS AAAA"},
    {"CSYNC, no types", dns::type::CSYNC, "00000000 0001", "0 1"},
    {"ZONEMD", dns::type::ZONEMD,
     R"(00000001 01 01
        000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
        202122232425262728292a2b2c2d2e2f)",
     "1 1 1 000102030405060708090A0B0C0D0E0F101112131415161718191A1B "
     "1C1D1E1F202122232425262728292A2B2C2D2E2F"},
    {"SVCB, an alias", dns::type::SVCB, "0000 01 61 00", "0 a."},
    {"SVCB, an unknown key", dns::type::SVCB, "0001 01 61 00 029b 0005 6822205c80",
     R"(1 a. key667="h\" \\\128")"},
    {"SVCB, keys without value", dns::type::SVCB, "0001 00 0008 0000 ffff 0000", "1 . key8 key65535"},
    {"HTTPS, all keys", dns::type::HTTPS,
     R"(0001 00
        0000 0004 0003 029b            # mandatory
        0001 0006 02 6832 02 6833      # alpn
        0002 0000                      # no-default-alpn
        0003 0002 01bb                 # port
        0004 0008 c0000201 c0000202    # ipv4hint
        0005 0003 010203               # ech
        0006 0010 20010db8000000000000000000000001  # ipv6hint
        0007 0010 2f646e732d71756572797b3f646e737d  # dohpath, which dig 9.18 does not name
        029b 0000)",
     "1 . mandatory=port,key667 alpn=\"h2,h3\" no-default-alpn port=443 ipv4hint=192.0.2.1,192.0.2.2 "
     "ech=AQID ipv6hint=2001:db8::1 key7=\"/dns-query{?dns}\" key667"},
    {"HTTPS, escapes in alpn", dns::type::HTTPS, "0001 00 0001 000a 06 22 2c 5c 20 40 80 02 6832",
     R"(1 . alpn="\"\\,\\\\\032@\128,h2")"},
    {"SPF", dns::type::SPF, "01 61", "\"a\""},
    {"EUI48", dns::type::EUI48, "0123456789ab", "01-23-45-67-89-ab"},
    {"EUI64", dns::type::EUI64, "0123456789abcdef", "01-23-45-67-89-ab-cd-ef"},
    {"URI", dns::type::URI, "0001 0002 6122 5c 3b 7f", R"(1 2 "a\"\\;\127")"},
    {"CAA", dns::type::CAA, "80 05 6973737565 6122", R"(128 issue "a\"")"},
    {"CAA, an empty value", dns::type::CAA, "00 05 6973737565", "0 issue \"\""},
    {"MB, of RFC 1035's forgotten types", 7, "01 61 00", "a."},
    {"MINFO", 14, "01 61 00 01 62 00", "a. b."},
    {"RT", 21, "000a 01 61 00", "10 a."},
    {"PX", 26, "000a 01 61 00 01 62 00", "10 a. b."},
    {"an unknown type", 65280, R"(000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f)",
     "\\# 32 000102030405060708090A0B0C0D0E0F101112131415161718191A1B 1C1D1E1F"},
    {"an unknown type without data", 65280, "", "\\# 0"},
};
