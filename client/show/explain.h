// --explain: a run told in the order in which it happened, for a student: every TCP and TLS step with what it
// carries and who can read it, why the server was trusted, every octet of the DNS messages, and what each
// layer added. How much of that: --explain=short has a line for each step (explain_short.h), `expert` besides
// each field of the handshake and what each record is sealed with. Printed from the recording and the
// decoder's fields. A pure function.
#pragma once

#include <string>

#include "client/ask.h"

namespace client {

// As far as the run came: one that failed ends where it failed. Empty if nothing was recorded
// (Options::records()). ASCII, at most 110 columns, what came from the network escaped.
std::string explain(const Outcome& outcome, const Options& options);

}  // namespace client
