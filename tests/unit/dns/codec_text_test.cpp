#include "common/dns/codec_text.h"

#include "tests/support/catch.h"
#include "tests/support/hex.h"

namespace {

using namespace dns;

Bytes octets(std::string_view text) {
  return {text.begin(), text.end()};
}

struct Vector {
  std::string_view plain, hex, base32hex, base64;
};

constexpr Vector kVectors[] = {
    // RFC 4648 §10
    {"", "", "", ""},
    {"f", "66", "CO", "Zg=="},
    {"fo", "666F", "CPNG", "Zm8="},
    {"foo", "666F6F", "CPNMU", "Zm9v"},
    {"foob", "666F6F62", "CPNMUOG", "Zm9vYg=="},
    {"fooba", "666F6F6261", "CPNMUOJ1", "Zm9vYmE="},
    {"foobar", "666F6F626172", "CPNMUOJ1E8", "Zm9vYmFy"},
};

TEST_CASE("the vectors of RFC 4648 are written and read in every base") {
  for (const Vector& vector : kVectors) {
    CAPTURE(vector.plain);
    const Bytes plain = octets(vector.plain);
    CHECK(to_hex(plain) == vector.hex);
    CHECK(to_base32hex(plain) == vector.base32hex);
    CHECK(to_base64(plain) == vector.base64);
    CHECK(from_hex(vector.hex) == plain);
    CHECK(from_base32hex(vector.base32hex) == plain);
    CHECK(from_base64(vector.base64) == plain);
  }
}

TEST_CASE("hex and base 32 are read in either case, base 64 is not") {
  CHECK(from_hex("fF") == hex("ff"));
  CHECK(from_base32hex("cpnmu") == octets("foo"));
  CHECK(from_base64("AAAA") != from_base64("aaaa"));
}

TEST_CASE("digits that no octets would give are refused") {
  for (const auto text : {"0", "0g", "012", "0 1"}) CHECK_FALSE(from_hex(text));
  for (const auto text : {"C", "CP", "CPN", "CPNMUO", "W0", "CO======"}) {
    CAPTURE(text);
    CHECK_FALSE(from_base32hex(text));
  }
  for (const auto text :
       {"Z", "Zg", "Zg=", "Zh==", "Zm9", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zg=v", "-_=="}) {
    CAPTURE(text);
    CHECK_FALSE(from_base64(text));
  }
}

TEST_CASE("words have 56 characters, and the last one what is left") {
  CHECK(in_words("") == "");
  CHECK(in_words(std::string(56, 'x')) == std::string(56, 'x'));
  CHECK(in_words(std::string(57, 'x')) == std::string(56, 'x') + " x");
  CHECK(in_words(std::string(112, 'x')) == std::string(56, 'x') + ' ' + std::string(56, 'x'));
}

}  // namespace
