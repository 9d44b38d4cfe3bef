// What a run brought, for programs: one JSON object per question, each on a line of its own (JSON Lines), in
// the order asked. Pure.
#pragma once

#include <ctime>
#include <string>

#include "client/ask.h"

namespace client {

// With an answer: dateString and dateSeconds (`now`), msgLength, the message (json_message.h), and
// `transport`: how it came. Without one: the question, `error`, and `transport` as far as it got. Those of
// questions that share a connection tell its times alike; query_ms is each one's own.
std::string outcome_to_json(const Outcome& outcome, const Options& options, std::time_t now);

}  // namespace client
