// The questions of a run as messages, and the table that tells which reply answers which: by ID, opcode and
// question, all of them (RFC 5452 §9.1, RFC 7766 §7); a refusal need not repeat the question. Octets in,
// facts out: no I/O.
#pragma once

#include <expected>
#include <optional>
#include <unordered_map>
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
  static constexpr std::size_t kMostQuestions = 65536;  // there are no more IDs

  // One query per question, their IDs distinct, and random unless `options` fixes them. What is sent
  // `encrypted` is padded to a multiple of 128 octets if `options` does not say otherwise (RFC 8467 §4.1);
  // the padding option comes last (RFC 7830).
  Queries(const std::vector<dns::Question>& questions, const QueryOptions& options, bool encrypted);

  struct Match {
    std::size_t index;  // of the query that is answered; now marked so
    dns::Message message;
  };
  std::expected<Match, ReplyFault> match(ByteView reply);

  const std::vector<Query>& all() const { return queries_; }
  std::size_t unanswered() const { return by_id_.size(); }

 private:
  std::vector<Query> queries_;
  std::unordered_map<std::uint16_t, std::size_t> by_id_;  // of those without an answer: their index
};

std::string to_string(const dns::Question& question);  // "a.example. IN A"

}  // namespace client
