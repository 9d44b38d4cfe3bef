// client: asks a server a question, over TLS unless told otherwise, and prints what it answers.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <exception>
#include <unistd.h>

#include "client/ask.h"
#include "client/batch.h"
#include "client/bench.h"
#include "client/compare.h"
#include "client/discover.h"
#include "client/kept_run.h"
#include "client/options.h"
#include "client/show/bench.h"
#include "client/show/capture.h"
#include "client/show/chart.h"
#include "client/show/colour.h"
#include "client/show/compare.h"
#include "client/show/discover.h"
#include "client/show/eavesdropper.h"
#include "client/show/escape.h"
#include "client/show/explain.h"
#include "client/show/failure.h"
#include "client/show/glossary.h"
#include "client/show/help.h"
#include "client/show/json.h"
#include "client/show/output.h"
#include "client/show/quiz.h"
#include "client/show/text.h"
#include "client/show/timeline.h"
#include "common/cli.h"

namespace {

int keep_key_log(const client::Outcome& outcome, const client::Options& options) {
  if (const auto kept = client::key_log_kept(outcome, options); !kept)
    return client::put_error(kept.error()), cli::internal;
  for (const std::string& note : client::key_log_notes(outcome, options)) client::put_error(note);
  return cli::ok;
}

int keep_capture(const client::Outcome& outcome, const client::Options& options) {
  if (options.files.capture.empty()) return cli::ok;
  if (const auto written = client::write_capture(outcome, options); !written)
    return client::put_error(written.error()), cli::internal;
  for (const std::string& note : client::capture_notes(outcome, options)) client::put_error(note);
  return cli::ok;
}

// The files that a run was to leave behind. Returns the exit code.
int keep(const client::Outcome& outcome, const client::Options& options) {
  return std::max(keep_key_log(outcome, options), keep_capture(outcome, options));
}

int keep_run(const client::Outcome& outcome, const client::Options& options, std::time_t now) {
  if (options.files.save.empty()) return cli::ok;
  const auto saved = client::save_run({.options = options, .outcome = outcome, .ended = now});
  if (!saved) return client::put_error(saved.error()), cli::internal;
  return cli::ok;
}

int keep_chart(const client::Outcome& outcome, const client::Options& options) {
  if (options.files.chart.empty()) return cli::ok;
  const auto written = client::write_chart(outcome, options);
  client::put_error(written ? *written : written.error());
  return written ? cli::ok : cli::internal;
}

void put_failure(const client::Failure& failure, const client::Options& options, std::time_t now) {
  const std::string line = client::failure_to_text(failure, options, now);
  const bool colour = client::colours(options.show.colour, STDERR_FILENO);
  client::put_error(colour ? client::paint_failure(line) : line);
}

// The answers, and after them the views that were asked for.
std::string shown(const client::Outcome& outcome, const client::Options& options, std::time_t now) {
  if (options.show.json) return client::outcome_to_json(outcome, options, now);
  std::string text = client::outcome_to_text(outcome, options, now);
  if (!options.show.rdata_only && client::colours(options.show.colour, STDOUT_FILENO))
    text = client::paint_answers(text);
  if (options.show.explain) text += client::explain(outcome, options);
  if (options.show.eavesdropper) text += client::eavesdropper_to_text(outcome, options);
  if (options.show.timeline) text += client::timeline_to_text(outcome, options);
  return text;
}

// The next line of standard input without its newline; nullopt at its end.
std::optional<std::string> next_line() {
  std::string line;
  char octet = 0;
  for (;;) {
    const ssize_t count = read(STDIN_FILENO, &octet, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return line.empty() ? std::nullopt : std::optional(line);
    if (octet == '\n') return line;
    if (line.size() < 1000) line += octet;  // nobody's answer is longer
  }
}

// Questions about a run in place of the run. Returns the exit code: 0, unless there is nothing to ask about.
int put_quiz(const client::Outcome& outcome, const client::Options& options, std::time_t now) {
  using As = client::Quiz::As;
  const std::vector<client::QuizQuestion> quiz = client::make_quiz(outcome, options);
  int printed = cli::ok;
  const auto put = [&](std::string_view text) { printed = std::max(printed, client::put_out(text)); };
  if (options.show.json)
    put(client::quiz_json(quiz, options, options.quiz.as == As::key));
  else if (quiz.empty())
    client::put_error("client: [quiz] nothing passed in this run that could be asked about");
  else if (options.quiz.as == As::sheet)
    put(client::quiz_sheet(quiz, options));
  else if (options.quiz.as == As::key)
    put(client::quiz_key(quiz, options));
  else
    client::ask_quiz(quiz, options, next_line, put);
  // What went wrong is one of the answers: it comes last, and not with the sheet.
  if (options.quiz.as != As::sheet || quiz.empty()) {
    for (const std::string& warning : client::warnings(outcome, options, now)) client::put_error(warning);
    if (outcome.failure) put_failure(*outcome.failure, options, now);
  }
  return quiz.empty() && outcome.failure ? client::exit_code(*outcome.failure) : printed;
}

// Shows a run, live or kept; `keep_files` writes what a live one leaves behind. Returns the exit code.
int show(const client::Outcome& outcome, const client::Options& options, std::time_t now,
         int (*keep_files)(const client::Outcome&, const client::Options&, std::time_t)) {
  if (options.quiz.as != client::Quiz::As::none)
    return std::max(put_quiz(outcome, options, now),
                    std::max(keep_files(outcome, options, now), keep_chart(outcome, options)));
  for (const std::string& warning : client::warnings(outcome, options, now)) client::put_error(warning);
  const int printed = client::put_out(shown(outcome, options, now));
  const int kept = std::max(keep_files(outcome, options, now), keep_chart(outcome, options));
  if (!outcome.failure) return printed != cli::ok ? printed : kept;
  put_failure(*outcome.failure, options, now);
  return client::exit_code(*outcome.failure);
}

int run(const client::Options& options) {
  const client::Outcome outcome = client::ask(options);
  return show(outcome, options, std::time(nullptr),
              [](const client::Outcome& ran, const client::Options& by, std::time_t now) {
                return std::max(keep(ran, by), keep_run(ran, by, now));
              });
}

int replay(const client::Options& options) {
  const auto run = client::load_run(options);
  if (!run) return cli::complain("client", "[replay] " + client::printable(run.error()));
  return show(run->outcome, run->options, run->ended,
              [](const client::Outcome&, const client::Options&, std::time_t) -> int { return cli::ok; });
}

int show_glossary(const client::Options& options) {
  const auto text = client::glossary_to_text(options.glossary_word);
  if (!text) return cli::complain("client", "[usage] " + client::printable(text.error()));
  return client::put_out(*text);
}

int run_bench(const client::Options& options) {
  client::put_error("client: --bench asks by TCP and UDP too: what is asked and answered passes in clear");
  const bool terminal = isatty(STDERR_FILENO) == 1;
  const client::BenchResult result = client::bench(options, [&](const client::BenchRow& row) {
    if (terminal) client::put_progress(client::progress_to_text(row, options.bench_runs));
  });
  if (terminal) client::put_progress("");
  const std::time_t now = std::time(nullptr);
  client::Outcome outcome;
  outcome.connections = {result.connection};
  for (const std::string& warning : client::warnings(outcome, options, now)) client::put_error(warning);
  outcome.recording.key_log_error = result.key_log_error;
  const int kept = keep_key_log(outcome, options);
  const int printed = client::put_out(client::bench_to_text(result, options));
  const client::Failure* const failure = client::failure_of(result);
  if (failure == nullptr) return std::max(printed, kept);
  put_failure(*failure, options, now);
  return client::exit_code(*failure);
}

int run_compare(const client::Options& options) {
  client::put_error(client::comparison_notice(options));
  const client::Comparison comparison = client::compare(options);
  const std::time_t now = std::time(nullptr);
  for (const std::string& warning : client::warnings(comparison[0].outcome, options, now))
    client::put_error(warning);
  std::string text = options.show.json ? "" : client::comparison_to_text(comparison);
  for (const client::Way& way : comparison)
    if (options.show.json) text += client::outcome_to_json(way.outcome, way.options, now);
  const int printed = client::put_out(text);
  const int kept = keep(comparison[0].outcome, options);
  for (const client::Way& way : comparison)
    if (way.outcome.failure) put_failure(*way.outcome.failure, way.options, now);
  const int code = client::exit_code(comparison);
  return code != cli::ok ? code : std::max(printed, kept);
}

int run_discover(const client::Options& options) {
  const client::Discovery discovery = client::discover(options);
  const std::time_t now = std::time(nullptr);
  const int printed = client::put_out(options.show.json ? client::discovery_to_json(discovery, now)
                                                        : client::discovery_to_text(discovery, now));
  int kept = cli::ok;
  for (const client::Designated& one : discovery.designated)
    kept = std::max(kept, keep_key_log(one.lax ? *one.lax : one.strict, options));
  const client::Failure* const failure = client::failure_of(discovery);
  if (failure == nullptr) return std::max(printed, kept);
  const bool in_clear = discovery.asked.failure.has_value();
  const auto is_it = [&](const client::Designated& one) {
    return one.strict.failure && &*one.strict.failure == failure;
  };
  put_failure(*failure, in_clear ? options : std::ranges::find_if(discovery.designated, is_it)->options, now);
  return client::exit_code(*failure);
}

}  // namespace

int main(int argc, char** argv) try {
  std::signal(SIGPIPE, SIG_IGN);  // `client … | head -1` is no reason to die
  auto options = client::parse_options(argc, argv);
  if (!options) return cli::complain("client", "[usage] " + client::printable(options.error()));
  if (const std::string complaint = client::add_batch(*options); !complaint.empty())
    return cli::complain("client", "[usage] " + client::printable(complaint));
  if (const std::string complaint = client::complaint_about_theme(options->quiz.theme); !complaint.empty())
    return cli::complain("client", "[usage] " + client::printable(complaint));
  switch (options->action) {
    case client::Options::Action::help:
      return client::put_out(client::help_text());
    case client::Options::Action::version:
      return client::put_out(client::version_text());
    case client::Options::Action::glossary:
      return show_glossary(*options);
    case client::Options::Action::ask:
      return run(*options);
    case client::Options::Action::replay:
      return replay(*options);
    case client::Options::Action::compare:
      return run_compare(*options);
    case client::Options::Action::bench:
      return run_bench(*options);
    case client::Options::Action::discover:
      return run_discover(*options);
  }
  return cli::internal;
} catch (const std::exception& error) {
  client::put_error("client: [internal] something that must not happen; " + client::printable(error.what()) +
                    "; try again, and report it");
  return cli::internal;
}
