// Text from outside (a certificate, the command line, another's error) made safe for a terminal and for one
// line.
#pragma once

#include <string>
#include <string_view>

namespace client {

// Control characters, the backslash and octets beyond ASCII as \DDD, as names are printed (RFC 1035 §5.1).
std::string printable(std::string_view text);

}  // namespace client
