#include "common/dns/text_fields.h"

#include "tests/support/catch.h"
#include "tests/support/hex.h"

namespace {

using namespace dns;

std::vector<std::string> texts(std::string_view line) {
  std::vector<std::string> out;
  const auto fields = split_fields(line);
  for (const TextField& field : fields.value()) out.emplace_back(field.text);
  return out;
}

TEST_CASE("fields are what blanks part, unless quoted or escaped") {
  using Texts = std::vector<std::string>;
  CHECK(texts("").empty());
  CHECK(texts(" \t\r\n ").empty());
  CHECK(texts(" a  b\tc\n") == Texts{"a", "b", "c"});
  CHECK(texts("\"a b\" \"\"") == Texts{"a b", ""});
  CHECK(texts("\"a\"b\"c\"") == Texts{"a", "b", "c"});
  CHECK(texts(R"("a \" b" c)") == Texts{R"(a \" b)", "c"});
  CHECK(texts(R"(a\ b \"c)") == Texts{R"(a\ b)", R"(\"c)"});
  CHECK(texts(R"(key="a b" x)") == Texts{R"(key="a b")", "x"});
  CHECK(texts("a\\") == Texts{"a\\"});
}

TEST_CASE("fields know their column and whether they were quoted") {
  const auto fields = split_fields(" ab \"cd\"");
  REQUIRE(fields);
  REQUIRE(fields->size() == 2);
  CHECK(fields->at(0).column == 1);
  CHECK_FALSE(fields->at(0).quoted);
  CHECK(fields->at(1).column == 5);
  CHECK(fields->at(1).quoted);
}

TEST_CASE("a quote without end is refused where it begins") {
  for (const auto text : {"ab \"", "ab \"cd", "ab \"cd\\\"", "ab \"cd\\"}) {
    CAPTURE(text);
    REQUIRE_FALSE(split_fields(text));
    CHECK(split_fields(text).error().column == 3);
  }
  CHECK_FALSE(split_fields("ab key=\"cd"));
}

TEST_CASE("someone else's text is cited without control characters and without end") {
  CHECK(cited("a\x1b\n\xff") == R"('a\027\010\255')");
  CHECK(cited(std::string(1000, 'x')).size() < 60);
}

}  // namespace
