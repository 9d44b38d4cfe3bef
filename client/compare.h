// One run asked three ways of the same host: over TLS as the command line says, then in clear over TCP and
// over UDP, at Options::clear_port.
#pragma once

#include <array>

#include "client/ask.h"

namespace client {

struct Way {
  Options options;  // as it was asked
  Outcome outcome;
};

using Comparison = std::array<Way, 3>;  // DoT, TCP, UDP

Comparison compare(const Options& options);

cli::ExitCode exit_code(const Comparison& comparison);  // that of the first failure; else ok

}  // namespace client
