// --explain=short: a connection in one line per step, for a first lesson. Who sends, who can read it, what it
// is for. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "client/ask.h"
#include "client/show/steps.h"

namespace client {

// ASCII, at most 110 columns, what came from the network escaped. `steps` are those of the whole run.
std::string explain_short(const Outcome& outcome, std::size_t connection, const std::vector<Step>& steps);

}  // namespace client
