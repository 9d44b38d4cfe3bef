// --chart: the run as a message sequence chart in a file; with --proxy-trace, the proxy's other leg too.
#pragma once

#include <expected>
#include <string>

#include "client/ask.h"
#include "client/show/proxy_trace.h"
#include "client/show/sequence_chart.h"

namespace client {

// `trace` is the proxy's story of the run's last connection; empty: there is no other leg.
SequenceChart chart_of(const Outcome& outcome, const Options& options, const std::vector<TraceEvent>& trace);

// Reads Files::proxy_trace and writes Files::chart. Returns what to say of it, a line without newline; so is
// the error.
std::expected<std::string, std::string> write_chart(const Outcome& outcome, const Options& options);

}  // namespace client
