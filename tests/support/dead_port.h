// A port of 127.0.0.1 that refuses TCP, and that no other test can get meanwhile: a socket has it, and does
// not listen. Whoever means it by its number can (net::listen_tcp, with SO_REUSEADDR as here).
#pragma once

#include <sys/socket.h>

#include "common/net/endpoint.h"
#include "common/net/unique_fd.h"
#include "tests/support/catch.h"

class DeadPort {
 public:
  DeadPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    REQUIRE(setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
    const auto any = net::SocketAddress::parse("127.0.0.1", 0);
    REQUIRE(bind(fd_.get(), any->get(), any->size()) == 0);
  }

  net::SocketAddress address() const { return net::SocketAddress::of_socket(fd_.get()); }
  std::string uri() const { return "tcp://" + address().to_string(); }

 private:
  net::UniqueFd fd_;
};
