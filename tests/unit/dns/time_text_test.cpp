#include "common/dns/time_text.h"

#include "tests/support/catch.h"

namespace {

using namespace dns;

TEST_CASE("TTLs are seconds, or numbers with units") {
  CHECK(ttl_from_text("0") == 0);
  CHECK(ttl_from_text("4294967295") == 4294967295);
  CHECK(ttl_from_text("1h30m") == 5400);
  CHECK(ttl_from_text("1W2D3H4M5S") == 788645);
  for (const auto text :
       {"", "h", "1x", "1h30", "-1", "1 h", "4294967296", "99999999999w", "8000w", "1h-1m"}) {
    CAPTURE(text);
    CHECK_FALSE(ttl_from_text(text));
  }
}

TEST_CASE("timestamps are dates, to the second and back") {
  const struct {
    std::uint32_t seconds;
    std::string_view text;
  } cases[] = {
      {0, "19700101000000"},          {951782400, "20000229000000"},  {1704067199, "20231231235959"},
      {2147483648, "20380119031408"}, {4294967295, "21060207062815"},
  };
  for (const auto& [seconds, text] : cases) {
    CHECK(timestamp_text(seconds) == text);
    CHECK(timestamp_from_text(text) == seconds);
    CHECK(timestamp_from_text(std::to_string(seconds)) == seconds);
  }
}

TEST_CASE("dates that do not exist, or not in 32 bits, are refused") {
  for (const auto text : {"", "2023", "20230229000000x", "20230229000000", "20231301000000", "20230100000000",
                          "20230101240000", "20230101006000", "20230101000060", "19691231235959",
                          "21060207062816", "2023010100000 ", "4294967296", "-1"}) {
    CAPTURE(text);
    CHECK(timestamp_from_text(text).has_value() == (std::string_view(text) == "2023"));
  }
}

}  // namespace
