// --bench: what a question costs by each way to ask it, measured on the real thing: one question after the
// other, from one thread.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "client/ask.h"
#include "client/tally.h"

namespace client {

struct BenchRow {
  enum class Way : std::uint8_t {
    full_handshake,  // a new connection for each question
    resumed,         // the same, with the ticket of the one before (RFC 8446 §2.2)
    kept_open,       // one connection, one question at a time
    pipelined,       // one connection, a hundred questions at a time (RFC 7766 §6.2.1.1)
    tcp,             // in clear, a new connection for each question
    udp,             // in clear
  };
  Way way = Way::full_handshake;
  std::size_t asked = 0;
  std::vector<Duration> times = {};     // of each answer, ascending; a new connection is part of it
  Duration whole{};                     // all of the row
  Tally tally = {};                     // all of the row; where a connection is kept, without its beginning
  std::size_t not_resumed = 0;          // Way::resumed: handshakes that were full all the same
  std::optional<Failure> failure = {};  // the first
};

struct BenchResult {
  std::optional<Failure> failure = {};  // nothing could be measured
  Connection connection = {};           // the first over TLS: where, and how
  std::vector<BenchRow> rows = {};
  int key_log_error = 0;  // as Recording has it
};

// After each question, and once more, with every question asked or given up, at the row's end.
using BenchProgress = std::function<void(const BenchRow& row)>;

// Options::bench_runs questions by each way, taking turns if there are several. Options::timeout is for each
// of them; a row is given up after three failures on end. Never throws for what the world does.
BenchResult bench(const Options& options, const BenchProgress& progress = {});

}  // namespace client
