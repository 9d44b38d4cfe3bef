// A failure as one line: "client: [phase] what happened; the evidence; the risk; what to try".
#pragma once

#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "client/ask.h"

namespace client {

// The line's parts, for those who print them otherwise.
struct FailureWords {
  std::string what;
  std::string evidence;
  std::string advice;
  std::string risk{};  // what somebody in between could have gained; empty: nothing, or it is plain
};

FailureWords failure_to_words(const Failure& failure, const Options& options, std::time_t now);
std::string_view to_string(Phase phase);  // "connect", "tls", "query", "reply"

// Without a newline. `now` tells for how long a certificate has been out of date.
std::string failure_to_text(const Failure& failure, const Options& options, std::time_t now);

// What must be said aloud of a run whose safety was given away: a version of TLS below 1.2; --insecure, with
// what a strict client would have said. One line each, without newline.
std::vector<std::string> warnings(const Outcome& outcome, const Options& options, std::time_t now);

}  // namespace client
