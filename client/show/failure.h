// A failure as one line: "client: [phase] what happened; the evidence; what to try".
#pragma once

#include <ctime>
#include <string>

#include "client/failure.h"
#include "client/options.h"

namespace client {

// Without a newline. `now` tells for how long a certificate has been out of date.
std::string failure_to_text(const Failure& failure, const Options& options, std::time_t now);

}  // namespace client
