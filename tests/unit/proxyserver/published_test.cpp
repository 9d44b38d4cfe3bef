// A value that is replaced while others read it.
#include "proxyserver/published.h"

#include <string>
#include <thread>

#include "tests/support/catch.h"

TEST_CASE("what was read of a published value stays as it was when another takes its place") {
  Published<std::string> value("one");
  const std::string& before = value.current();
  CHECK(value.publish("another, too long to be kept inside the string itself"));
  CHECK(before == "one");
  CHECK(value.current() == "another, too long to be kept inside the string itself");
}

TEST_CASE("a value that is published again is no news, and takes no memory again") {
  Published<std::string> value("one");
  const std::string& first = value.current();
  CHECK_FALSE(value.publish("one"));
  CHECK(&value.current() == &first);
  CHECK(value.publish("two"));
  CHECK(value.publish("one"));
  CHECK(&value.current() == &first);
}

TEST_CASE("readers see whole values while a writer replaces them") {
  using Pair = std::pair<int, int>;
  Published<Pair> value(Pair{0, 0});
  std::atomic<bool> torn = false;
  std::atomic<bool> over = false;
  std::thread reader([&] {
    while (!over) {
      const Pair& now = value.current();
      if (now.first != -now.second) torn = true;
    }
  });
  for (int i = 1; i <= 200; ++i) value.publish({i, -i});
  over = true;
  reader.join();
  CHECK_FALSE(torn);
}
