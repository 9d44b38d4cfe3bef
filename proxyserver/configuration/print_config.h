// --print-config: what is in force, and where each value comes from, as a file that --config takes.
#pragma once

#include <expected>
#include <string>

#include "proxyserver/options.h"

// In a file each value is a line with its origin in a comment; what has no value is a comment alone. The
// error is a clause: a value that no file can hold, such as one with a line's end in it.
std::expected<std::string, std::string> config_text(const Options& options);
