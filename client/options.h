// The command line, understood: a value that says everything about a run. Nothing is read but argv and
// SSLKEYLOGFILE, and for a cookie the kernel's random numbers.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/server.h"
#include "common/dns/message.h"
#include "common/dns/presentation.h"
#include "common/tls/tls_context.h"

namespace client {

// What every query of the run carries besides its question.
struct QueryOptions {
  bool recurse = true;
  bool authentic_data = true;  // AD: "I understand an AD in the answer" (RFC 6840 §5.7); dig's default
  bool checking_disabled = false;
  bool edns = true;
  bool dnssec_ok = false;
  std::uint16_t udp_size = 1232;  // what passes any network in one piece
  // EDNS options, each with its value as on the wire; padding is added behind them.
  std::vector<dns::EdnsOption> options{};
  std::optional<std::uint16_t>
      fixed_id{};  // --fixed-id: the first query's ID, then one more each; else random
  std::optional<std::uint16_t> padding_block{};  // --pad; 0: none; nullopt: 128 where the transport encrypts
};

struct Show {
  enum class Colour : std::uint8_t { automatic, always, never };
  enum class Level : std::uint8_t { brief, full, expert };

  bool rdata_only = false;         // --short
  bool json = false;               // RFC 8427, one object per question and line
  std::optional<Level> explain{};  // the exchange step by step; from `full` on every octet of the messages
  bool eavesdropper = false;       // what someone on the path sees, beside what the ends see
  bool timeline = false;           // round trips as a text chart
  Colour colour = Colour::automatic;
  bool command = true;     // the first line, which repeats the command
  bool statistics = true;  // the footer
  bool utc = false;        // its time of day: in UTC, not as the machine is set (--replay)
  dns::Sections sections;
};

// Files that a run writes besides its output; empty: not written.
struct Files {
  std::string keylog;       // TLS secrets, for Wireshark; --keylog, or SSLKEYLOGFILE in the environment
  std::string capture;      // the packets with the secrets, .pcapng
  std::string chart;        // the message sequence chart, .svg or .html
  std::string proxy_trace;  // read: what proxyserver --trace wrote, for the chart's other leg
  std::string session;      // read and written: the TLS session to resume
  std::string save;         // the whole run, to be shown again (kept_run.h)
  std::string replay;       // read: such a run, to be shown in place of asking
};

// Questions about the run, in place of everything else that would be shown of it.
struct Quiz {
  enum class As : std::uint8_t { none, asked, sheet, key };

  As as = As::none;
  std::optional<std::uint32_t> seed{};  // chooses the questions; none given: 1
  std::string theme;                    // those about it come first; empty: none does

  std::uint32_t seed_or_first() const { return seed.value_or(1); }
};

inline constexpr std::string_view kSystemCa = "system";                 // a file of that name is "./system"
inline constexpr std::string_view kSystemStore = "the system's store";  // as an authority

struct Options {
  enum class Action { ask, compare, bench, discover, replay, glossary, help, version };

  Action action = Action::ask;
  Server server;
  int family = 0;    // AF_INET or AF_INET6 by -4 or -6
  std::string ca;    // a PEM file, or kSystemCa; empty: what the server calls for (trust.h)
  std::string cert;  // shown to a server that asks who we are (two-way TLS), with its key; empty: none
  std::string key;
  std::vector<std::string> pins;  // as tls::ClientOptions::pins
  bool pin_only = false;
  bool insecure = false;  // the server is not checked
  tls::Version least_version = tls::Version::tls12;
  tls::Version most_version = tls::Version::tls13;
  std::string groups;              // as tls::ClientOptions::groups
  std::string alpn = "dot";        // empty: none is offered
  std::optional<std::string> sni;  // as tls::ClientOptions::sni
  // Of the whole run. A second more than proxyserver's --query-timeout: else we would give up before its
  // answer comes, which says why there is none.
  std::chrono::milliseconds timeout{6000};
  std::vector<dns::Question> questions;     // in the order asked
  std::string batch;                        // a file of more questions, "-" for standard input; empty: none
  dns::Question batch_usual;                // type and class of its lines that name none
  std::optional<std::uint16_t> clear_port;  // --compare, --bench (always set there): DNS by TCP and UDP
  std::string glossary_word;                // --glossary: one word; empty: all
  unsigned bench_runs = 0;                  // --bench
  QueryOptions query;
  Show show;
  Quiz quiz;
  Files files;
  std::string command;  // the arguments again, one space between them

  bool records() const {  // whether a printer needs Outcome::recording
    return show.explain || show.eavesdropper || show.timeline || quiz.as != Quiz::As::none ||
           !(files.capture.empty() && files.chart.empty() && files.save.empty());
  }
};

// The error is the complaint to make. `argv` is as main() got it; getopt_long(3) keeps a static state, so one
// thread at a time.
std::expected<Options, std::string> parse_options(int argc, char* const argv[]);

}  // namespace client
