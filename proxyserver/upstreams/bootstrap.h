// --bootstrap: the addresses of a name, asked for at one plain DNS resolver, in place of the system's way.
// Any thread; it waits, eight seconds at most.
#pragma once

#include "common/net/lookup.h"

// IPv4 addresses first, then IPv6. Over UDP, under a random ID from a random port (RFC 5452 §9), three times
// at most; over TCP where the answer does not fit (RFC 7766 §5). CNAMEs are followed within the answer: the
// resolver is to be a recursive one.
net::Addresses look_up_at(const net::SocketAddress& resolver, const std::string& name, std::uint16_t port);
