// A DNS message as members of a JSON object: the names of RFC 8427 §2, and for EDNS an object in the manner
// of kdig. The OPT record is that object, and not among the additionalRRs. RDATAHEX and RDLENGTH are those of
// the RDATA with every compressed name written out.
#pragma once

#include "client/show/json_writer.h"
#include "common/dns/message.h"

namespace client {

void write_question(const dns::Question& question, JsonWriter& json);  // QNAME, QTYPE, QTYPEname, ...
void write_message(const dns::Message& message, JsonWriter& json);     // all of it, the question included

}  // namespace client
