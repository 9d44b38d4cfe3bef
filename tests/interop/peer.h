// Another project's program, run by a test. A package that is missing fails the test where CI is set, and is
// skipped by name elsewhere.
#pragma once

#include <cstdlib>
#include <fstream>
#include <random>
#include <unistd.h>

#include "common/net/net_error.h"
#include "common/net/tcp.h"
#include "tests/support/catch.h"
#include "tests/support/lab.h"

// The program's path, or nothing if the test is to be skipped.
inline std::optional<std::string> find_peer(const std::string& program) {
  for (const char* const folder : {"/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/lib/systemd/"})
    if (access((folder + program).c_str(), X_OK) == 0) return folder + program;
  if (std::getenv("CI") != nullptr) FAIL(program << " is not installed");
  WARN("skipped: " << program << " is not installed");
  return std::nullopt;
}

// A port that nobody has right now, for programs that cannot be told to pick one: below those that the kernel
// gives to connections, so that it stays free while its program is restarted.
inline std::uint16_t free_port() {
  static std::mt19937 dice{std::random_device{}()};
  for (;;) try {
      const auto port = std::uniform_int_distribution<std::uint16_t>(16'000, 32'000)(dice);
      net::listen_tcp(*net::SocketAddress::parse("127.0.0.1", port), 1);
      return port;
    } catch (const net::NetError&) {
      // Somebody has it.
    }
}

inline std::string write_file(const TempDir& directory, const std::string& name, const std::string& content) {
  std::ofstream(directory.file(name)) << content;
  return directory.file(name);
}

// What the program printed; it must end well.
inline std::string run_to_end(const Arguments& command) {
  Process process(command);
  const auto code = process.wait_exit(net::Deadline::in(std::chrono::seconds(40)));
  INFO(process.error_output());
  REQUIRE(code == 0);
  return process.take_output();
}
