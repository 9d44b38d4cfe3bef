// Whether options go together. One that could have no effect is refused: who gives it expects something of
// it.
#pragma once

#include <expected>
#include <string>

#include "proxyserver/options.h"

// All are set, defaults included. The error is a clause for cli::complain(), which names the first option
// that does not fit, and its line if a file has it. Pure.
std::expected<void, std::string> check_fit(const Options& options);
