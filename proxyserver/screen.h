// What to do with what a client sent, before anything else happens to it. Pure; any thread.
#pragma once

#include "common/dns/codes.h"
#include "common/dns/message_view.h"

struct Screening {
  enum class Verdict {
    forward,  // a query like any other: `query` describes it
    answer,   // here, with `rcode` and no records
    hang_up,  // not from a DNS client: an answer could only feed a loop or a probe
  };
  Verdict verdict;
  std::uint16_t rcode = dns::rcode::NOERROR;
  dns::MessageView query;

  // A query in order: forwarded, or answered here without a complaint (resolver.arpa).
  bool is_query() const {
    return verdict == Verdict::forward || (verdict == Verdict::answer && rcode == dns::rcode::NOERROR);
  }
};

// QR=1 or less than a header: hang up. An opcode other than QUERY, and AXFR and IXFR: NOTIMP (one answer per
// query is what this proxy forwards). A message that does not parse or has not exactly one question: FORMERR.
Screening screen(ByteView message);

// How much of what is no query a client may send over one connection: eight messages in a row. Garbage costs
// the client nothing, and its answers must not keep the connection alive.
class Refusals {
 public:
  static constexpr unsigned kMost = 8;

  // Takes note of a message that has come. False: it was the last that will be answered.
  bool may_go_on(const Screening& screening) {
    in_a_row_ = screening.is_query() ? 0 : in_a_row_ + 1;
    return in_a_row_ < kMost;
  }

 private:
  unsigned in_a_row_ = 0;
};
