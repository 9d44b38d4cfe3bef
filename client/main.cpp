// client: asks a server a question, over TLS unless told otherwise, and prints what it answers.
#include <csignal>
#include <ctime>
#include <exception>

#include "client/ask.h"
#include "client/options.h"
#include "client/show/escape.h"
#include "client/show/failure.h"
#include "client/show/help.h"
#include "client/show/output.h"
#include "client/show/text.h"
#include "common/cli.h"

namespace {

int run(const client::Options& options) {
  const client::Outcome outcome = client::ask(options);
  const std::time_t now = std::time(nullptr);
  for (const std::string& warning : client::warnings(outcome, options, now)) client::put_error(warning);
  const int printed = client::put_out(client::outcome_to_text(outcome, options, now));
  if (!outcome.failure) return printed;
  client::put_error(client::failure_to_text(*outcome.failure, options, now));
  return client::exit_code(*outcome.failure);
}

}  // namespace

int main(int argc, char** argv) try {
  std::signal(SIGPIPE, SIG_IGN);  // `client … | head -1` is no reason to die
  const auto options = client::parse_options(argc, argv);
  if (!options) return cli::complain("client", "[usage] " + client::printable(options.error()));
  switch (options->action) {
    case client::Options::Action::help:
      return client::put_out(client::help_text());
    case client::Options::Action::version:
      return client::put_out(client::version_text());
    case client::Options::Action::ask:
    case client::Options::Action::compare:
    case client::Options::Action::bench:
      return run(*options);
  }
  return cli::internal;
} catch (const std::exception& error) {
  client::put_error("client: [internal] something that must not happen; " + client::printable(error.what()) +
                    "; try again, and report it");
  return cli::internal;
}
