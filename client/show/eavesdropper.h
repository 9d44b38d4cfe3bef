// --eavesdropper: the run as somebody on the path sees it, beside what the two ends see; then the same
// question as it would lie open in a datagram over UDP, and what encryption hides and what it does not. A
// pure function.
#pragma once

#include <string>

#include "client/ask.h"

namespace client {

// Each line begins with ";;" and has at most 110 columns. The datagram is composed here and never sent:
// sending it would tell the name to those from whom it was kept.
std::string eavesdropper_to_text(const Outcome& outcome, const Options& options);

}  // namespace client
