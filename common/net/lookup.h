// The addresses of a name, as the system knows them: /etc/hosts, the resolvers of /etc/resolv.conf, and
// whatever else nsswitch.conf(5) names. Any thread.
#pragma once

#include <expected>
#include <functional>
#include <future>
#include <string>
#include <sys/socket.h>
#include <vector>

#include "common/net/endpoint.h"

namespace net {

// Each once, in the order in which they had better be tried (RFC 6724); or why there is none.
using Addresses = std::expected<std::vector<SocketAddress>, std::string>;

// By getaddrinfo(3), which knows no deadline: it may take as long as resolv.conf(5) lets it, 10 s or more.
// `family`: AF_INET, AF_INET6, or both.
Addresses look_up(const std::string& name, std::uint16_t port, int family = AF_UNSPEC);

// A lookup on a thread of its own, since it cannot be called off. Who does not wait for its end leaves the
// thread behind, so it must own all that it uses.
std::future<Addresses> look_up_aside(std::function<Addresses()> look_up);

// The resolvers that a resolv.conf(5) names, the local machine's if there are none.
std::vector<SocketAddress> nameservers(const std::string& file = "/etc/resolv.conf");

// What look_up() reads, or may read when one of these files has been replaced.
std::vector<std::string> lookup_folders();

}  // namespace net
