// Whether what a resolver has sent answers a query, and what of it goes to the client. Pure; any thread.
#pragma once

#include <optional>

#include "common/bytes.h"
#include "common/dns/message_view.h"

// `came` has the ID of `query` on this connection. It answers it if QR is set and opcode and question are the
// query's (RFC 5452 §9.1), or if it has no question at all and says that the query could not be dealt with:
// any rcode but NOERROR and NXDOMAIN, with the bits that are in its OPT (BADVERS, RFC 6891 §6.1.3), an OPT
// that leaves room for the question. nullopt: it does not.
//
// What the client gets is `came`, or what has been written to `made`, which the view then borrows:
//  - no question: the query's is put back, and of the records the OPT alone is kept;
//  - an rcode that needs an OPT, for a client that sent none (RFC 6891 §7) and would see NOERROR: SERVFAIL.
// A signed answer stays as it came (RFC 8945 §5.3.2), but for a refusal without a question to a query that
// was not signed: no signature can be due there (§5.3). So an answer to an unsigned query has its question,
// octet for octet but for the case of letters. The ID is still the one that `came` had; the OPT still has the
// options of the resolver's hop, and is there even if the client sent none.
std::optional<dns::MessageView> answer_for_client(const dns::MessageView& came, const dns::MessageView& query,
                                                  bool client_has_opt, Bytes& made);
