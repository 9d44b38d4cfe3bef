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
};

// QR=1 or less than a header: hang up. An opcode other than QUERY, and AXFR and IXFR: NOTIMP (one answer per
// query is what this proxy forwards). A message that does not parse or has not exactly one question: FORMERR.
Screening screen(ByteView message);
