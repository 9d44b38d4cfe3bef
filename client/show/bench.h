// --bench in words: the table, its bars, and the line that tells how far it is. Pure functions.
#pragma once

#include <string>

#include "client/bench.h"

namespace client {

// Each line begins with ";;" and has at most 110 columns.
std::string bench_to_text(const BenchResult& result, const Options& options);

// "full handshake [#####     ]  50 of 100": for a terminal.
std::string progress_to_text(const BenchRow& row, unsigned runs);

// Why the bench failed: nothing could be measured, or not a question was answered by one of the ways over
// TLS, the first of them. Null if it did not; what happens in clear is no failure.
const Failure* failure_of(const BenchResult& result);

}  // namespace client
