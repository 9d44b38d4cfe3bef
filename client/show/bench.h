// --bench in words: the table, its bars, and the line that tells how far it is. Pure functions.
#pragma once

#include <string>

#include "client/bench.h"
#include "common/cli.h"

namespace client {

// Each line begins with ";;" and has at most 110 columns.
std::string bench_to_text(const BenchResult& result, const Options& options);

// "full handshake [#####     ]  50 of 100": for a terminal.
std::string progress_to_text(const BenchRow& row, unsigned runs);

// 0 if every row over TLS has answers; else that of the first failure.
cli::ExitCode exit_code(const BenchResult& result);

}  // namespace client
