// What --discover found, as a lesson, for scripts, and for programs. Pure.
#pragma once

#include <ctime>
#include <string>

#include "client/discover.h"

namespace client {

// The question, what the record says, how it was checked. Every line that is no record begins with ';'.
// With --short: a line "VERDICT URI NAME" for each that can be used.
std::string discovery_to_text(const Discovery& discovery, std::time_t now);

// The question's line as outcome_to_json() has it, then one for each designated resolver.
std::string discovery_to_json(const Discovery& discovery, std::time_t now);

}  // namespace client
