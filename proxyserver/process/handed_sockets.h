// Sockets that the service manager has opened for us: systemd's sd_listen_fds(3), without its library. They
// outlive the program: who connects while it starts again waits in their queue, and loses nothing.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "common/net/endpoint.h"
#include "common/net/unique_fd.h"

struct HandedSocket {
  int fd;  // open until somebody takes it
  net::Endpoint endpoint;

  net::UniqueFd take() const;  // non-blocking and close-on-exec from now on
};

// By LISTEN_FDS, if LISTEN_PID is this process; changes nothing. What each carries: a datagram socket, DNS
// over UDP; a stream socket, what its name in LISTEN_FDNAMES says, "tls" or "tcp", or either behind "proxy+";
// one by another name, plain DNS on port 53, where everybody expects that, and TLS on any other. The error is
// a clause for cli::complain().
std::expected<std::vector<HandedSocket>, std::string> handed_sockets();
