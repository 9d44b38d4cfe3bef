// Which lines of a proxy's trace are about one run of the client, and on which clock. Two programs wrote down
// the same exchange: what the client sent and the proxy read is tied by the client's address and port, and by
// ID and question. What cannot be tied is told in a note. Pure functions.
//
// The clock: both programs write CLOCK_MONOTONIC, which is one on one machine. If a query would come in
// before it left, or an answer arrive before it left, the clocks are two (another machine, or a kept run).
// Then the trace is moved by what makes all of them possible, and a note says how exact that is.
#pragma once

#include <string>
#include <vector>

#include "client/ask.h"
#include "client/show/proxy_trace.h"

namespace client {

struct TracedRun {
  std::vector<TraceEvent> events;  // by time, on the clock of the recording; empty: there is no other leg
  std::vector<std::string> notes;  // what could not be tied or is not as it seems; each a sentence or two
};

// The views in the result are those of `trace`.
TracedRun traced_run(const ProxyTrace& trace, const Outcome& outcome);

}  // namespace client
