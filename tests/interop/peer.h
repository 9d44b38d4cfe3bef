// Another project's program, run by a test. A package that is missing fails the test where CI is set, and is
// skipped by name elsewhere.
#pragma once

#include <cstdlib>
#include <unistd.h>

#include "common/net/tcp.h"
#include "tests/support/catch.h"
#include "tests/support/lab.h"

// The program's path, or nothing if the test is to be skipped.
inline std::optional<std::string> find_peer(const std::string& program) {
  for (const char* const folder : {"/usr/bin/", "/usr/sbin/", "/usr/local/bin/"})
    if (access((folder + program).c_str(), X_OK) == 0) return folder + program;
  if (std::getenv("CI") != nullptr) FAIL(program << " is not installed");
  WARN("skipped: " << program << " is not installed");
  return std::nullopt;
}

// A port that nobody has right now, for programs that cannot be told to pick one.
inline std::uint16_t free_port() {
  const net::UniqueFd socket = net::listen_tcp(*net::SocketAddress::parse("127.0.0.1", 0), 1);
  return net::SocketAddress::of_socket(socket.get()).port();
}
