// The kinds of questions that a quiz is made of: a table of small makers. Each looks at a run and makes its
// question from what it finds there, or has nothing to ask. Pure functions.
#pragma once

#include <span>

#include "client/show/quiz.h"
#include "client/show/steps.h"

namespace client {

// Small and our own, so that a seed means the same on every machine (SplitMix64).
class QuizDice {
 public:
  explicit QuizDice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  std::size_t below(std::size_t count) { return next() % count; }  // count is not 0
  template <typename Range>
  void shuffle(Range& range) {
    for (std::size_t i = range.size(); i > 1; --i) std::swap(range[i - 1], range[below(i)]);
  }

 private:
  std::uint64_t state_;
};

struct QuizField : dns::WireField {
  dns::Section section;
};

// A message of the run that decodes.
struct QuizMessage {
  ByteView wire;
  dns::Message message;
  std::vector<QuizField> fields;
  std::string_view name;  // "query", "answer"

  const QuizField* find(std::string_view field, dns::Section section) const;  // the first; or null
};

// The run, looked at once for all makers. Points into the outcome, which must outlive it.
struct QuizRun {
  QuizRun(const Outcome& of, const Options& by);

  const WireEvent* first(WireEvent::Kind kind, bool sent) const;  // on the connection; or null
  ByteView handshake(std::uint8_t type, bool sent) const;         // the first such message; or empty
  bool is(net::Transport transport) const { return connection->transport == transport; }
  bool asked() const { return query.has_value(); }
  bool tls13() const;
  // The section of the version that the server chose: rfc("8446 5.1", "5246 6.2.1").
  std::string rfc(std::string_view of_tls13, std::string_view of_tls12) const;
  const tls::TlsError* rejection() const;  // what the client failed with, or overlooked (--insecure); or null

  const Outcome& outcome;
  const Options& options;
  const Connection* connection;              // the one that brought the answer, or the last; never null
  std::size_t index = 0;                     // its index
  std::vector<Step> steps;                   // all connections'
  std::optional<QuizMessage> query, answer;  // of the first question
  ByteView client_hello, server_hello;       // whole handshake messages; the ones that counted; or empty
};

struct QuizKind {
  std::string_view name;
  unsigned level;
  std::string_view themes;  // with spaces between them
  std::string_view asks;    // the fact that the answer is; two questions about one fact are not in one quiz
  std::string_view tells;   // facts that the question shows, with spaces between them
  std::optional<QuizQuestion> (*make)(const QuizRun& run, QuizDice& dice);
};

std::vector<QuizKind> quiz_kinds();  // all of them, which are
std::span<const QuizKind> message_kinds();
std::span<const QuizKind> record_kinds();
std::span<const QuizKind> tls_kinds();
std::span<const QuizKind> path_kinds();
std::span<const QuizKind> trust_kinds();

// What the makers share.

// "answer, octets 34 to 37:  00 00 01 2c"
std::vector<std::string> octets_shown(const QuizMessage& message, std::size_t offset, std::size_t length);
std::string hex_line(ByteView octets);  // "00 00 01 2c"

// A question with options: the right one and the wrong ones, without doubles, shuffled.
QuizQuestion with_options(QuizQuestion question, QuizDice& dice);
// As many of `pool` as are wanted, and are not `right`.
std::vector<QuizQuestion::Wrong> others(std::span<const std::string_view> pool, std::string_view right,
                                        std::size_t count, QuizDice& dice);

}  // namespace client
