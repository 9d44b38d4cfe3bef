// The two ways out: text in one piece, by write(2), so that no stream library has to be started.
#pragma once

#include <string_view>

namespace client {

// To standard output. Returns the exit code: 0, also when nobody wants to read it (a closed pipe); when it
// cannot be written (a full disk) that is said on standard error, and the code is `internal`.
int put_out(std::string_view text);

void put_error(std::string_view line);  // to standard error; a newline is added

void put_progress(std::string_view line);  // to standard error, a terminal, in place of the last such line

}  // namespace client
