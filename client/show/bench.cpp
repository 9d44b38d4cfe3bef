#include "client/show/bench.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <fmt/format.h>

#include "client/show/escape.h"
#include "client/show/failure.h"
#include "client/show/wrap.h"

namespace client {
namespace {

using Way = BenchRow::Way;

constexpr std::size_t kBar = 22;  // columns of the longest bar

std::string_view name_of(Way way) {
  switch (way) {
    case Way::full_handshake:
      return "full handshake";
    case Way::resumed:
      return "resumed";
    case Way::kept_open:
      return "kept open";
    case Way::pipelined:
      return "pipelined";
    case Way::tcp:
      return "TCP, in clear";
    case Way::udp:
      return "UDP, in clear";
  }
  return "";
}

// The smallest of them that `share` of all do not exceed (nearest rank).
Duration quantile(const std::vector<Duration>& ascending, double share) {
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(ascending.size()) + 0.999999);
  return ascending[std::clamp<std::size_t>(rank, 1, ascending.size()) - 1];
}

double each(std::size_t sum, const BenchRow& row) {
  return static_cast<double>(sum) / static_cast<double>(row.times.size());
}

// All that the row took, by answer.
double cost(const BenchRow& row) {
  return row.times.empty() ? 0 : milliseconds(row.whole) / static_cast<double>(row.times.size());
}

std::string line_of(const BenchRow& row, double dearest) {
  std::string line = fmt::format(";; {:<14}{:>7}", name_of(row.way), row.times.size());
  if (row.times.empty()) return line + '\n';
  const Duration median = quantile(row.times, 0.5);
  const double share = dearest > 0 ? cost(row) / dearest : 0;
  const auto length = std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(share * kBar)));
  return line + fmt::format("{:>9.3f}{:>9.3f}{:>9.3f}{:>9.3f}{:>7.0f}{:>7.0f}{:>7.2f}  {}\n",
                            milliseconds(row.times.front()), milliseconds(median),
                            milliseconds(quantile(row.times, 0.95)), cost(row),
                            each(row.tally.octets_sent, row), each(row.tally.octets_received, row),
                            each(row.tally.round_trips, row), std::string(length, '#'));
}

std::string remarks(const BenchRow& row, const Options& options) {
  std::string out;
  if (row.not_resumed > 0)
    out += in_paragraph(
        fmt::format("resumed: {} of {} handshakes were full: the server gave no ticket, or took none",
                    row.not_resumed, row.asked));
  const std::size_t failed = row.asked - row.times.size();
  if (failed == 0 || !row.failure) return out;
  const std::string stopped = row.asked < options.bench_runs ? ", then given up" : "";
  return out +
         in_paragraph(fmt::format("{}: {} of {} failed{}, the first: {}", name_of(row.way), failed, row.asked,
                                  stopped, failure_to_words(*row.failure, options, std::time(nullptr)).what));
}

}  // namespace

std::string bench_to_text(const BenchResult& result, const Options& options) {
  if (result.rows.empty()) return "";
  const std::string host = result.connection.address.host();
  std::string out = in_paragraph(fmt::format(
      "{} each by {} over TLS{}, and by port {} of {} in clear: {}{}", options.bench_runs,
      result.connection.address.to_string(),
      result.connection.tls
          ? fmt::format(" ({}, {})", result.connection.tls->version, result.connection.tls->cipher)
          : "",
      *options.clear_port, host, to_string(options.questions.front()),
      options.questions.size() > 1 ? " and others" : ""));
  out += fmt::format(";;\n;; {:<14}{:>7}{:>27}{:>9}{:>14}{:>7}\n", "", "", "ms from asking to answer",
                     "row's ms", "octets each", "round");
  out += fmt::format(";; {:<14}{:>7}{:>9}{:>9}{:>9}{:>9}{:>7}{:>7}{:>7}  {}\n", "", "answers", "min",
                     "median", "p95", "/ answer", "out", "in", "trips", "row's ms / answer");
  double dearest = 0;
  for (const BenchRow& row : result.rows) dearest = std::max(dearest, cost(row));
  for (const BenchRow& row : result.rows) out += line_of(row, dearest);
  for (const BenchRow& row : result.rows) out += remarks(row, options);
  return out;
}

std::string progress_to_text(const BenchRow& row, unsigned runs) {
  const std::size_t length = row.asked * kBar / runs;
  return fmt::format("{:<14} [{:<{}}] {} of {}", name_of(row.way), std::string(length, '#'), kBar, row.asked,
                     runs);
}

const Failure* failure_of(const BenchResult& result) {
  if (result.failure) return &*result.failure;
  for (const BenchRow& row : result.rows)
    if (row.way != Way::tcp && row.way != Way::udp && row.times.empty() && row.failure) return &*row.failure;
  return nullptr;
}

}  // namespace client
