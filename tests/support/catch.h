// Catch2 is v2 in Debian 12 and v3 in Debian 13; this header serves both. Matchers are called as in
// Catch::Matchers::Contains: that namespace is there in both.
#pragma once

#ifdef CATCH2_V3
#include <catch2/catch_all.hpp>
#include <concepts>
#include <string>

namespace Catch::Matchers {
// Of a text: version 3 keeps the name for elements of a range, and calls this one ContainsSubstring. The
// constraint makes this overload win.
template <typename Text>
requires std::convertible_to<Text, std::string> StringContainsMatcher Contains(Text&& text) {
  return ContainsSubstring(std::string(std::forward<Text>(text)));
}
}  // namespace Catch::Matchers
#else
#include <catch2/catch.hpp>
#endif
