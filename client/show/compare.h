// Three ways to ask, side by side. Pure.
#pragma once

#include <string>

#include "client/compare.h"

namespace client {

// Per question a table of the three answers, whether they are the same, and if not, what differs. Every line
// begins with ';'. TTLs are shown but make no difference: a cache counts them down; nor does the order of
// records, the case of their owners, or what belongs to a hop alone (padding, keepalive).
std::string comparison_to_text(const Comparison& comparison);

// What must be said aloud before: one line without newline.
std::string comparison_notice(const Options& options);

}  // namespace client
