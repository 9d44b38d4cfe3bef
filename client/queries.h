// The questions of a run as messages, and the table that tells which reply answers which: by ID, opcode and
// question, all of them (RFC 5452 §9.1, RFC 7766 §7). Octets in, facts out: no I/O.
#pragma once

#include <expected>
#include <optional>
#include <vector>

#include "client/options.h"

namespace client {

// Why octets that came are no answer to what was asked.
struct ReplyFault {
  enum class Kind {
    malformed,       // see `wire`
    not_a_response,  // QR is not set
    wrong_id,        // no query in flight has it
    wrong_opcode,
    wrong_question,  // see `asked` and `found`
  };
  Kind kind;
  std::optional<dns::WireError> wire = {};
  std::uint16_t id = 0;
  std::string asked = {};   // "a.example. IN A"
  std::string found = {};   // the same, or empty if the reply repeats no question
  std::string status = {};  // the reply's rcode by name
};

struct Query {
  std::uint16_t id = 0;
  dns::Question question;
  Bytes wire = {};
  bool answered = false;
};

class Queries {
 public:
  // One query per question, their IDs random and distinct. `padded`: to a multiple of 128 octets, with the
  // padding option last (RFC 8467 §4.1, §5.1; RFC 7830): for encrypted transports alone.
  Queries(const std::vector<dns::Question>& questions, const QueryOptions& options, bool padded);

  struct Match {
    std::size_t index;  // of the query that is answered; now marked so
    dns::Message message;
  };
  std::expected<Match, ReplyFault> match(ByteView reply);

  const std::vector<Query>& all() const { return queries_; }
  std::size_t unanswered() const;

 private:
  std::vector<Query> queries_;
};

std::string to_string(const dns::Question& question);  // "a.example. IN A"

}  // namespace client
