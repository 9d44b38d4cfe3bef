// Whole messages, octet by octet, that several tests read. Each is canonical: names compressed as our encoder
// compresses them, OPT where it puts it.
#pragma once

#include <string_view>
#include <vector>

#include "tests/support/hex.h"

struct Sample {
  std::string_view name;
  Bytes wire;
};

inline const Bytes kQuery = hex(R"(
  12 34  01 00                # id; RD
  00 01  00 00  00 00  00 01  # one question, one additional
  06 47 6f 6f 67 6c 65        # Google, with the case that it came in
  03 63 6f 6d  00             # com
  00 01  00 01                # A IN
  00  00 29  04 d0            # OPT at octet 28: root, 41, 1232 octets over UDP
  00 00  80 00                # extended rcode, version; DO
  00 0c                       # RDLENGTH 12
  00 0a  00 08  01 02 03 04 05 06 07 08  # COOKIE
)");

inline const Bytes kAnswer = hex(R"(
  12 34  81 80                # id; QR RD RA
  00 01  00 02  00 00  00 01
  06 67 6f 6f 67 6c 65  03 63 6f 6d  00  00 01  00 01
  c0 0c  00 01  00 01  00 00 01 2c  00 04  c0 00 02 01  # google.com. 300 IN A 192.0.2.1
  c0 0c  00 01  00 01  00 00 01 2c  00 04  c0 00 02 02
  00  00 29  02 00  00 00  00 00  00 06  # OPT
  00 0f  00 02  00 03                    # EDE 3, stale answer
)");

inline const Bytes kNameError = hex(R"(
  ab cd  85 83                # QR AA RD RA NXDOMAIN
  00 01  00 00  00 01  00 00
  04 6e 6f 70 65  07 65 78 61 6d 70 6c 65  00  00 1c  00 01  # nope.example. AAAA IN; "example" is at 17
  c0 11  00 06  00 01  00 00 0e 10  00 20                    # example. 3600 IN SOA, 32 octets
  02 6e 73 c0 11              # ns.example.
  04 68 6f 73 74 c0 11        # host.example.
  00 00 00 01  00 00 0e 10  00 00 03 84  00 09 3a 80  00 00 01 2c
)");

inline const Bytes kChain = hex(R"(
  00 07  81 80  00 01  00 02  00 00  00 00
  03 77 77 77  07 65 78 61 6d 70 6c 65  00  00 10  00 01     # www.example. TXT IN
  c0 0c  00 05  00 01  00 00 00 3c  00 06  03 77 65 62 c0 10  # CNAME web.example. at 41
  c0 29  00 10  00 01  00 00 00 3c  00 06  05 68 65 6c 6c 6f  # web.example. TXT "hello"
)");

inline const Bytes kUnknownType = hex(R"(
  00 08  81 80  00 01  00 01  00 00  00 00
  01 61  00  ff 00  00 01                          # a. TYPE65280 IN
  c0 0c  ff 00  00 01  00 00 00 00  00 03  de ad 00  # TYPE65280 \# 3 dead00
)");

// An OPT and behind it, last as RFC 8945 §5.1 wants it, a TSIG.
inline const Bytes kTsigSigned = hex(R"(
  00 09  01 00  00 01  00 00  00 00  00 02
  01 61  00  00 01  00 01
  00  00 29  04 d0  00 00  00 00  00 00
  01 6b  00  00 fa  00 ff  00 00 00 00  00 14  # k. TSIG ANY, 20 octets
  01 68  00                                    # algorithm h.
  00 00 65 00 00 00  01 2c  00 01  aa          # time signed, fudge, MAC
  00 09  00 00  00 00                          # original id, error, other length
)");

// RFC 2931: a SIG record that covers type 0.
inline const Bytes kSig0Signed = hex(R"(
  00 0a  01 00  00 01  00 00  00 00  00 01
  01 61  00  00 01  00 01
  00  00 18  00 ff  00 00 00 00  00 16   # root, SIG ANY, 22 octets
  00 00  0f 00  00 00 00 00              # covers 0; algorithm 15, labels 0, original TTL
  65 00 00 00  64 00 00 00  12 34        # expires, begins, key tag
  01 6b  00  aa                          # signer k., signature
)");

inline const std::vector<Sample> kSamples = {
    {"query", kQuery},
    {"answer", kAnswer},
    {"name error", kNameError},
    {"CNAME chain", kChain},
    {"unknown type", kUnknownType},
    {"signed with TSIG", kTsigSigned},
    {"signed with SIG(0)", kSig0Signed},
};
