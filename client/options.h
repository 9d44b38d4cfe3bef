// The command line, understood: a value that says everything about a run. Nothing is read but argv.
#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "client/server.h"
#include "common/dns/message.h"
#include "common/dns/presentation.h"

namespace client {

// What every query of the run carries besides its question.
struct QueryOptions {
  bool recurse = true;
  bool authentic_data = true;  // AD: "I understand an AD in the answer" (RFC 6840 §5.7); dig's default
  bool checking_disabled = false;
  bool edns = true;
  bool dnssec_ok = false;
  std::uint16_t udp_size = 1232;  // what passes any network in one piece
};

struct Show {
  bool rdata_only = false;  // --short
  bool command = true;      // the first line, which repeats the command
  bool statistics = true;   // the footer
  dns::Sections sections;
};

inline constexpr std::string_view kSystemCa = "system";  // a file of that name is "./system"

struct Options {
  enum class Action { ask, help, version };

  Action action = Action::ask;
  Server server;
  int family = 0;    // AF_INET or AF_INET6 by -4 or -6
  std::string ca;    // a PEM file, or kSystemCa; empty: cert.pem here, else the installed one
  std::string cert;  // shown to a server that asks who we are (two-way TLS), with its key; empty: none
  std::string key;
  std::chrono::milliseconds timeout{5000};  // of the whole run
  std::vector<dns::Question> questions;     // in the order asked
  QueryOptions query;
  Show show;
  std::string command;  // the arguments again, one space between them
};

// The error is the complaint to make. `argv` is as main() got it; getopt_long(3) keeps a static state, so one
// thread at a time.
std::expected<Options, std::string> parse_options(int argc, char* const argv[]);

}  // namespace client
