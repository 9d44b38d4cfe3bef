// What labresolver does wrong on purpose, each by its name on the command line: `--fault NAME[=VALUE]`.
//
// Three kinds, by the moment they strike: the certificate (once, at start), the connection (as it is made and
// kept), and the answer. A fault of an answer takes a WHEN: nothing (every answer), a name (answers for it
// and all below it) or a percentage (by the seeded dice). Adding a fault is a line in the table in faults.cpp
// and a line where it strikes. Constant once parsed; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "common/dns/name.h"

namespace lab {

using Dice = std::mt19937;  // one per connection, all of them from --seed

struct When {
  std::optional<dns::Name> within;  // a question at or below this name
  unsigned percent = 100;

  bool strikes(const dns::Name& question, Dice& dice) const;
};

enum class AnswerFault : std::uint8_t {
  drop,             // never answered
  duplicate,        // answered twice
  wrong_id,         // under an ID that is not the query's
  wrong_question,   // with a question that was not asked
  formerr,          // FORMERR without a question or an OPT, as from a server that knows no EDNS
  badvers,          // BADVERS without a question, as 8.8.8.8 answers an EDNS version that it does not know
  malformed,        // cut to half its length, in a frame of that length
  close_mid_frame,  // half the frame, then an orderly close
  stall_mid_frame,  // half the frame, then nothing, while the connection stays open
  reset,            // no answer but a TCP reset
};

struct Faults {
  // The certificate.
  bool expired = false;     // it ended yesterday
  bool wrong_name = false;  // it is for somebody else
  bool wrong_ca = false;    // --ca-out gets a CA that did not sign it

  // The connection.
  bool not_tls = false;                                 // tls:// ports speak plain text
  bool stall_handshake = false;                         // tls:// ports accept and say nothing
  bool tls11_only = false;                              // tls:// ports speak TLS 1.1 and no other
  std::optional<unsigned> close_after;                  // closes a connection after this many answers
  std::optional<std::chrono::milliseconds> idle_close;  // closes one that has been silent for so long
  std::optional<std::uint16_t>
      keepalive;  // says how long it keeps idle ones, in 100 ms (RFC 7828), true or not

  // The answer.
  std::chrono::milliseconds reorder{0};  // each answer is held up by a random time below this
  bool in_turn = false;  // a connection's queries one after the other: a slow one holds up all
  struct OnAnswer {
    AnswerFault fault;
    When when;
  };
  std::vector<OnAnswer> on_answer;  // in the order given; the first that strikes counts

  std::optional<AnswerFault> pick(const dns::Name& question, Dice& dice) const;
};

// Adds the fault that `text`, NAME[=VALUE], describes. The error is a clause that quotes the part at fault.
std::expected<void, std::string> add_fault(std::string_view text, Faults& faults);

// One line per fault, for --help.
std::string describe_faults();

}  // namespace lab
