// The chart's other leg: what the proxy's trace tells, as arrows between the proxy and the resolvers, with
// the IDs of the trace and of the proxy's log. A pure function.
#pragma once

#include <vector>

#include "client/show/proxy_trace.h"
#include "client/show/sequence_chart.h"

namespace client {

struct ProxyLeg {
  std::vector<SequenceChart::Lane> resolvers;  // lanes 2 and up, in the order in which they were asked
  std::vector<SequenceChart::Arrow> arrows;    // in the order of the events
};

// `events`: of one run, by time; lane 1 is the proxy's. `begin`: the chart's 0 ms.
ProxyLeg proxy_leg(const std::vector<TraceEvent>& events, std::chrono::steady_clock::time_point begin);

}  // namespace client
