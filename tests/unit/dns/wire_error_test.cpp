#include "common/dns/wire_error.h"

#include "tests/support/catch.h"

using dns::WireError;
using dns::WireFault;

TEST_CASE("an error tells what happened, where, and the numbers") {
  CHECK(to_string(WireError{WireFault::truncated, 29, 4, 2}) ==
        "truncated at octet 29: 4 octets wanted, 2 left");
  CHECK(to_string(WireError{WireFault::name_too_long, 12, 255, 256}) ==
        "name of 256 octets or more at octet 12: at most 255 are allowed");
  CHECK(to_string(WireError{WireFault::bad_label_type, 12, 0, 0x40}) ==
        "reserved label type 0x40 at octet 12");
  CHECK(to_string(WireError{WireFault::bad_pointer, 30, 28, 30}) ==
        "compression pointer at octet 30 to octet 30: not to a name before it");
  CHECK(to_string(WireError{WireFault::bad_rdata, 40}) == "malformed RDATA at octet 40");
  CHECK(to_string(WireError{WireFault::trailing_bytes, 28, 0, 3}) == "3 octets left over at octet 28");
  CHECK(to_string(WireError{WireFault::duplicate_opt, 50}) == "second OPT record at octet 50");
  CHECK(to_string(WireError{WireFault::misplaced_opt, 28}) == "OPT record out of place at octet 28");
}
