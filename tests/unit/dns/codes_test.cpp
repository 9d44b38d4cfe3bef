#include "common/dns/codes.h"

#include "tests/support/catch.h"

using namespace dns;

TEST_CASE("every type number survives the way to its name and back") {
  for (std::uint32_t number = 0; number <= 0xffff; ++number) {
    const auto type = static_cast<std::uint16_t>(number);
    if (type_from_name(type_name(type)) != type) FAIL(type_name(type));
  }
}

TEST_CASE("every class number survives the way to its name and back") {
  for (std::uint32_t number = 0; number <= 0xffff; ++number) {
    const auto klass = static_cast<std::uint16_t>(number);
    if (class_from_name(class_name(klass)) != klass) FAIL(class_name(klass));
  }
}

TEST_CASE("types have IANA's mnemonics") {
  CHECK(type_name(type::A) == "A");
  CHECK(type_name(type::AAAA) == "AAAA");
  CHECK(type_name(type::NSEC3PARAM) == "NSEC3PARAM");
  CHECK(type_name(type::HTTPS) == "HTTPS");
  CHECK(type_name(type::EUI64) == "EUI64");
  CHECK(type_name(type::CAA) == "CAA");
  CHECK(type_name(3) == "MD");
  CHECK(type_name(11) == "WKS");
  CHECK(type_name(23) == "NSAP-PTR");
  CHECK(type_name(37) == "CERT");
  CHECK(type_name(42) == "APL");
  CHECK(type_name(45) == "IPSECKEY");
  CHECK(type_name(55) == "HIP");
  CHECK(type_name(105) == "L32");
  CHECK(type_name(249) == "TKEY");
  CHECK(type_name(type::ANY) == "ANY");
  CHECK(type_name(32769) == "DLV");
}

TEST_CASE("a number without a mnemonic is written and read as RFC 3597 §5 says") {
  CHECK(type_name(65280) == "TYPE65280");
  CHECK(class_name(17) == "CLASS17");
  CHECK(type_from_name("TYPE65280") == 65280);
  CHECK(type_from_name("TYPE1") == type::A);  // known types may be written so too
  CHECK(class_from_name("CLASS1") == klass::IN);
}

TEST_CASE("names of types and classes are read case-blind") {
  CHECK(type_from_name("aaaa") == type::AAAA);
  CHECK(type_from_name("Nsec3Param") == type::NSEC3PARAM);
  CHECK(type_from_name("type65535") == 65535);
  CHECK(class_from_name("ch") == klass::CH);
  CHECK(class_from_name("chaos") == klass::CH);
  CHECK(class_from_name("class255") == klass::ANY);
}

TEST_CASE("what is no type or class is refused") {
  for (const char* text : {"", "AA", "TYPE", "TYPE65536", "TYPE-1", "TYPE+1", "TYPE 1", "TYPE1x", "TYPE1 ",
                           "1", "CLASS1", "TYP", "A."}) {
    INFO(text);
    CHECK_FALSE(type_from_name(text));
  }
  for (const char* text : {"", "I", "CLASS", "CLASS65536", "CLASSX", "TYPE1", "1"}) {
    INFO(text);
    CHECK_FALSE(class_from_name(text));
  }
}

TEST_CASE("opcodes and rcodes have IANA's names") {
  CHECK(opcode_name(opcode::QUERY) == "QUERY");
  CHECK(opcode_name(opcode::DSO) == "DSO");
  CHECK(opcode_name(3) == "OPCODE3");
  CHECK(rcode_name(rcode::NOERROR) == "NOERROR");
  CHECK(rcode_name(rcode::NXDOMAIN) == "NXDOMAIN");
  CHECK(rcode_name(10) == "NOTZONE");
  CHECK(rcode_name(rcode::BADVERS) == "BADVERS");  // as a message's rcode; in a TSIG 16 is BADSIG
  CHECK(rcode_name(rcode::BADCOOKIE) == "BADCOOKIE");
  CHECK(rcode_name(15) == "RCODE15");
  CHECK(rcode_name(4095) == "RCODE4095");
}

TEST_CASE("extended DNS errors have the names of RFC 8914 §4 and of the registry since") {
  CHECK(ede_name(0) == "Other");
  CHECK(ede_name(ede::NOT_READY) == "Not Ready");
  CHECK(ede_name(ede::PROHIBITED) == "Prohibited");
  CHECK(ede_name(ede::NO_REACHABLE_AUTHORITY) == "No Reachable Authority");
  CHECK(ede_name(ede::NETWORK_ERROR) == "Network Error");
  CHECK(ede_name(24) == "Invalid Data");
  CHECK(ede_name(30) == "Invalid Query Type");
  CHECK(ede_name(49152) == "Unknown");
}
