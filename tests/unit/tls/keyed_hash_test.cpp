#include "common/tls/keyed_hash.h"

#include <set>

#include "tests/support/catch.h"

TEST_CASE("a keyed hash names the same thing alike, other things and other runs differently") {
  const tls::KeyedHash one;
  const tls::KeyedHash other;
  CHECK(one.of("192.0.2.1") == one.of("192.0.2.1"));
  CHECK(one.of("192.0.2.1").size() == 16);
  CHECK(one.of("192.0.2.1").find_first_not_of("0123456789abcdef") == std::string::npos);
  std::set<std::string> names;
  for (int i = 0; i < 1000; ++i) names.insert(one.of(std::to_string(i)));
  CHECK(names.size() == 1000);
  CHECK(one.of("192.0.2.1") != other.of("192.0.2.1"));
}
