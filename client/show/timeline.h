// --timeline: where the time of a run went, as bars on one scale: connecting, the TLS handshake, each
// question; with the round trips of each, counted from what passed the socket. A pure function.
#pragma once

#include <string>

#include "client/ask.h"

namespace client {

// Each line begins with ";;" and has at most 110 columns.
std::string timeline_to_text(const Outcome& outcome, const Options& options);

}  // namespace client
