// One event as one line, in either format, of the log and of files in its manner:
//
//   text  2026-05-04T03:02:01.123Z info event key=value other="with spaces"
//   json  {"time":"2026-05-04T03:02:01.123Z","level":"info","event":"event","key":"value","count":4}
//
// Whatever is in a value, the line stays one line of printable ASCII: no peer can forge a line or drive a
// terminal.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace logging {

enum class Format { text, json };

// Values; any thread.
class Line {
 public:
  using Time = std::chrono::system_clock::time_point;

  // `level` may be empty: then it is left out.
  Line(Format format, Time time, std::string_view level, std::string_view event);

  Line& add(std::string_view key, std::string_view value);
  Line& add(std::string_view key, long long number);
  // Several, as field() makes them, with spaces between. In JSON a value without quotes that reads as a
  // number is one.
  Line& add_fields(std::string_view fields);

  std::string take();  // with its newline

 private:
  const Format format_;
  std::string text_;
};

// key="value" with quotes escaped, control characters and non-ASCII octets as \xHH; without quotes when none
// are needed; cut, with "..." for its end, where that takes more than some 1280 octets.
std::string field(std::string_view key, std::string_view value);

}  // namespace logging
