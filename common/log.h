// The program's log: one line per event on standard error, `time level event key=value …`, safe from any
// thread.
//
// Values that come from outside are quoted and escaped, so that no peer can forge a line or drive a terminal.
// Query names are logged only where the operator has asked for them.
#pragma once

#include <atomic>
#include <fmt/format.h>
#include <string>
#include <string_view>

namespace logging {

enum class Level { debug, info, warning, error };

void set_level(Level level);  // before threads start; the default is info
bool enabled(Level level);

// `event` is a fixed phrase, `facts` are ready-made key=value pairs (see field()).
void write(Level level, std::string_view event, std::string_view facts = {});

// key="value" with quotes escaped, control characters and non-ASCII octets as \xHH; without quotes when none
// are needed.
std::string field(std::string_view key, std::string_view value);

// For events that a hostile or failing world could repeat without end: true at most once per second per site,
// unless the operator wants to see each of them (debug).
class Throttle {
 public:
  bool allow();

 private:
  std::atomic<long long> last_ = 0;
};

}  // namespace logging
