// labresolver's command line.
#pragma once

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "common/net/endpoint.h"
#include "tests/lab/faults.h"

namespace lab {

struct LabOptions {
  std::vector<net::Endpoint> listen;
  std::vector<std::string> zones;
  std::string ca_out;              // empty: the CA is kept to itself
  std::string ca_dir;              // where the CA outlives the program; empty: one for this run
  std::vector<std::string> names;  // the certificate's SANs
  std::chrono::milliseconds delay{0};
  std::string groups;  // of the key exchange, as tls::parse_groups() has it; empty: OpenSSL's own
  unsigned seed = 1;
  Faults faults;
};

// The options, or the exit code to end with at once (--help was printed, or a complaint was).
std::variant<LabOptions, int> parse_options(int argc, char** argv);

}  // namespace lab
