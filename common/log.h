// The program's log: one line per event on standard error, as log_line.h writes it, safe from any thread.
//
// Values that come from outside are quoted and escaped. Query names are logged only where the operator has
// asked for them.
#pragma once

#include <concepts>
#include <fmt/format.h>
#include <string>
#include <string_view>

#include "common/log_line.h"

namespace logging {

enum class Level { debug, info, warning, error };

void set_level(Level level);     // before threads start; the default is info
void set_format(Format format);  // likewise; the default is text
bool enabled(Level level);
Format format();

// `event` is a fixed phrase, `facts` are fields (see field()).
void write(Level level, std::string_view event, std::string_view facts = {});

// For events that a hostile or failing world could repeat without end. The first is written at once, with
// `details`; more of the same event with the same `key` facts are counted, and written as one line when ten
// seconds are over: `event key… times=240 seconds=10`. An operator who wants debug sees each of them.
void write_summed(Level level, std::string_view event, std::string_view key, std::string_view details = {});

// The same, where `details` is a function that makes them: it is asked only if the line is written. A flood
// of refusals then costs no strings.
bool is_to_be_written(Level level, std::string_view event, std::string_view key);  // else it was counted
template <std::invocable Details>
void write_summed(Level level, std::string_view event, std::string_view key, const Details& details) {
  if (!is_to_be_written(level, event, key)) return;
  const std::string made = details();
  write(level, event, key.empty() ? made : fmt::format("{} {}", key, made));
}

// Writes the sums that are due, or all there are. To be called about once a second, and at the end.
enum class Sums { due, all };
void write_sums(Sums which);

}  // namespace logging
