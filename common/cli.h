// getopt_long → options or a precise complaint: what both programs share of their command lines.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace cli {

// `client`'s exit codes; `proxyserver` uses ok, usage and internal. Scripts rely on them: numbers never
// change.
enum ExitCode : int {
  ok = 0,  // a reply came (NXDOMAIN too); or the proxy was told to stop and did
  usage = 1,
  no_reply = 9,  // no reply in time
  internal = 10,
  unreachable = 20,  // connection refused, network or host unreachable
  tls_handshake = 21,
  untrusted = 22,  // untrusted issuer
  wrong_name = 23,
  outdated = 24,  // certificate expired or not yet valid
  wrong_pin = 25,
  ca_unreadable = 26,
  bad_framing = 27,  // closed early or bad framing
  bad_reply = 28,    // malformed or mismatched reply
};

// Numbers and times as options give them; the error is a clause for the complaint: "'5x' is not a number".
std::expected<long, std::string> parse_number(std::string_view text, long least, long most);
// "5", "2.5", "300ms", "5s": seconds unless a unit is given.
std::expected<std::chrono::milliseconds, std::string> parse_duration(std::string_view text);

// One line on standard error: "PROGRAM: COMPLAINT; try 'PROGRAM --help'". Returns ExitCode::usage.
int complain(std::string_view program, std::string_view complaint);

}  // namespace cli
