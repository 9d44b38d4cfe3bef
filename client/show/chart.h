// --chart: the run as a message sequence chart in a file; with --proxy-trace, the proxy's other leg too, on
// the same clock and with the same IDs.
#pragma once

#include <expected>
#include <string>

#include "client/ask.h"
#include "client/show/sequence_chart.h"
#include "client/show/traced_run.h"

namespace client {

// `traced` is the proxy's story of the run, with no events: there is no other leg. Its notes come into the
// chart.
SequenceChart chart_of(const Outcome& outcome, const Options& options, const TracedRun& traced);

// Reads Files::proxy_trace and writes Files::chart. Returns what to say of it, a line without newline; so is
// the error.
std::expected<std::string, std::string> write_chart(const Outcome& outcome, const Options& options);

}  // namespace client
