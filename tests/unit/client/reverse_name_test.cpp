#include "client/reverse_name.h"

#include <utility>

#include "tests/support/catch.h"

TEST_CASE("an address has a name in the reverse tree", "[reverse]") {
  const std::pair<const char*, const char*> table[] = {
      {"192.0.2.1", "1.2.0.192.in-addr.arpa."},
      {"0.0.0.0", "0.0.0.0.in-addr.arpa."},
      {"192.0.2", "2.0.192.in-addr.arpa."},
      {"10", "10.in-addr.arpa."},
      {"2001:db8::567:89ab", "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."},
      {"::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa."},
  };
  for (const auto& [address, name] : table) {
    const auto result = client::reverse_name(address);
    INFO(address);
    REQUIRE(result);
    CHECK(result->to_string() == name);
  }
}

TEST_CASE("what is not an address has none", "[reverse]") {
  for (const char* const text : {"", ".", "256.0.0.1", "1.2.3.4.5", "1..2", "1.2.", "-1", "a.example",
                                 "fe80::1%lo", "1:2", "0x7f.1"}) {
    INFO(text);
    CHECK_FALSE(client::reverse_name(text));
  }
}
