// What proxyserver --trace wrote, line by line; the grammar is in proxyserver/watching/trace.h. The file may
// be anything: what has another form is counted and passed over. Pure functions.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace client {

struct TraceEvent {
  std::chrono::steady_clock::time_point when;  // CLOCK_MONOTONIC is one for all programs of a machine
  std::string_view event;                      // "accepted", "sent", …
  std::string_view facts;                      // as they stand in the line

  // Without its quotes; empty if it is missing.
  std::string fact(std::string_view key) const;
};

struct ProxyTrace {
  std::vector<TraceEvent> events;  // in the order of the file; they view its text, which must outlive them
  std::size_t unreadable = 0;      // lines of another form
};

ProxyTrace trace_of(std::string_view text);

}  // namespace client
