// What of a resolver's answer may be kept, and for how long. Pure; any thread.
//
//   positive          as long as the smallest TTL in it
//   negative          the same, with the SOA's TTL at most its MINIMUM, and an hour (RFC 2308 §5)
//   SERVFAIL          one second (RFC 9520 §3.2)
//   everything else   not at all: other rcodes, truncated, signed, a TTL of 0, negative without SOA
#pragma once

#include <chrono>
#include <vector>

#include "common/dns/message_view.h"

inline constexpr std::chrono::seconds kFailureLifetime{1};
inline constexpr std::chrono::seconds kMostNegative{3600};

struct TtlBounds {
  std::chrono::seconds least{0};
  std::chrono::seconds most{86400};
};

// Octets that are one message, as they are kept: the options of the resolver's hop are gone from its OPT, AA
// is cleared (it comes from a cache, RFC 1035 §4.1.1), and its TTLs are within the bounds.
struct Keepable {
  Bytes wire;
  std::vector<std::uint16_t> ttls;  // where they stand; not the OPT's, which is none
  std::uint16_t opt = 0;            // where the OPT stands, which is the last record; 0: there is none
  std::chrono::seconds lifetime{0};
  bool is_failure = false;
};

// False: it cannot be kept, and `out` is of no use. A TTL with its top bit set counts as 0 (RFC 2181 §8).
bool may_keep(const dns::MessageView& answer, const TtlBounds& bounds, Keepable& out);
