#include "common/dns/type_bitmap.h"

#include "tests/support/catch.h"
#include "tests/support/hex.h"

namespace {

using namespace dns;

TEST_CASE("the bitmap of RFC 4034 §4.3 is made and read") {
  const Bytes bitmap =
      hex("00 06 400100000003  # window 0: A MX RRSIG NSEC\n"
          "04 1b 000000000000000000000000000000000000000000000000000020  # window 4: TYPE1234");
  const std::vector<std::uint16_t> types = {1, 15, 46, 47, 1234};
  CHECK(bitmap_of_types({1234, 47, 15, 1, 46, 15}) == bitmap);
  CHECK(is_type_bitmap(bitmap));
  CHECK(types_in_bitmap(bitmap) == types);
  CHECK(type_bitmap_text(bitmap) == "A MX RRSIG NSEC TYPE1234");
}

TEST_CASE("the empty set, the first type and the last have bitmaps") {
  CHECK(bitmap_of_types({}).empty());
  CHECK(is_type_bitmap({}));
  CHECK(type_bitmap_text({}).empty());
  CHECK(bitmap_of_types({0}) == hex("00 01 80"));
  CHECK(types_in_bitmap(bitmap_of_types({0, 255, 256, 65535})) ==
        std::vector<std::uint16_t>{0, 255, 256, 65535});
}

}  // namespace
