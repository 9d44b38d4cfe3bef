// What proxyserver --trace tells of one client's connection; the grammar is in proxyserver/watching/trace.h.
// Read for the chart's second leg.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace client {

struct TraceEvent {
  std::chrono::steady_clock::time_point when;  // CLOCK_MONOTONIC is one for all programs of a machine
  std::string event;                           // "accepted", "sent", …
  std::map<std::string, std::string, std::less<>> facts;

  std::string_view fact(std::string_view key) const;  // empty if it is missing
};

// The events whose client is `client`, in the order of the file; lines of another form are passed over.
std::vector<TraceEvent> trace_of(std::string_view text, std::string_view client);

}  // namespace client
