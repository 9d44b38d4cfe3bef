// Whether an answer came out of the cache: for who writes about answers.
#pragma once

#include <cstdint>

enum class CacheUse : std::uint8_t {
  none,   // a resolver's, which has just come, or the proxy's own
  fresh,  // its time is not over
  stale,  // it has expired, and no resolver gave a new one in time (--serve-stale)
};
