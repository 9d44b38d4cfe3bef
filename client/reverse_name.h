// The name under which the DNS keeps an address's name: what -x asks for.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "common/dns/name.h"

namespace client {

// IPv4 under in-addr.arpa (RFC 1035 §3.5), also the first octets alone, as dig takes them: "192.0" is the
// zone 0.192.in-addr.arpa; IPv6 by nibbles under ip6.arpa (RFC 3596 §2.5). The error is one clause.
std::expected<dns::Name, std::string> reverse_name(std::string_view address);

}  // namespace client
