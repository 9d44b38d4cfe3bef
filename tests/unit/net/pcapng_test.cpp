#include "common/net/pcapng.h"

#include <string>

#include "tests/support/catch.h"
#include "tests/support/hex.h"

using namespace std::chrono_literals;

TEST_CASE("a capture file begins with a section header that names the program") {
  CHECK(net::pcapng::section_header("abcde", "xy") == hex("0a0d0d0a 34000000"            // type, length
                                                          "4d3c2b1a 0100 0000"           // magic, version 1.0
                                                          "ffffffffffffffff"             // of unknown length
                                                          "0400 0500 6162636465 000000"  // program
                                                          "0100 0200 7879 0000"          // comment
                                                          "0000 0000 34000000"));        // end, length again
}

TEST_CASE("its one interface brings IP packets and counts nanoseconds") {
  CHECK(net::pcapng::interface_description() == hex("01000000 20000000"
                                                    "6500 0000 00000000"  // LINKTYPE_RAW, packets of any size
                                                    "0900 0100 09 000000"  // if_tsresol: 10^-9
                                                    "0000 0000 20000000"));
}

TEST_CASE("secrets stand in a block of type TLSK, filled up to whole words") {
  CHECK(net::pcapng::decryption_secrets("A B C\n") == hex("0a000000 1c000000"
                                                          "4b534c54 06000000"  // "TLSK", six octets
                                                          "41204220430a 0000"
                                                          "1c000000"));
}

TEST_CASE("a packet stands with its time in nanoseconds, split into two words, and its size twice") {
  const std::chrono::system_clock::time_point when(0x12345678'9abcdef0ns);
  const Bytes octets = hex("010203");
  CHECK(net::pcapng::packet(when, octets) == hex("06000000 24000000 00000000"
                                                 "78563412 f0debc9a"
                                                 "03000000 03000000 010203 00"
                                                 "24000000"));
}
