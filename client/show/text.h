// What the client says when all went well: the answers in dig's manner, with a footer that tells how they
// came. Every line that is not a record begins with ';'. Pure functions but for the clock's time zone.
#pragma once

#include <ctime>
#include <string>

#include "client/ask.h"

namespace client {

// All answers of the run, in the order asked; those that are missing are not mentioned. `when` is the time to
// print in the footer.
std::string outcome_to_text(const Outcome& outcome, const Options& options, std::time_t when);

// ";; Query time: …" and what follows, an empty line at its end. `first`: the connection's own times are told
// with the first answer that it brought.
std::string footer_to_text(const Answer& answer, const Connection& connection, const Server& server,
                           bool first, std::time_t when, bool utc = false);

}  // namespace client
