// Times as master files write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dns {

// Seconds: "3600", or with units as BIND reads them, "1h30m", "2w" (s, m, h, d, w in either case).
std::optional<std::uint32_t> ttl_from_text(std::string_view text);

// YYYYMMDDHHmmSS in UTC (RFC 4034 §3.2). The 32 bits are read as seconds since 1970, which holds until 2106;
// the serial arithmetic of RFC 4034 §3.1.5 would make the text depend on the day it is printed.
std::string timestamp_text(std::uint32_t seconds);
std::optional<std::uint32_t> timestamp_from_text(std::string_view text);  // or a plain number of seconds

}  // namespace dns
