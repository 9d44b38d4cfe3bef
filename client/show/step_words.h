// Steps in words, one line each, printable: what the eavesdropper's view and the chart have in common.
#pragma once

#include <string>

#include "client/show/steps.h"

namespace client {

// A handshake message, an alert or a DNS message: "ClientHello, SNI lab.test, ALPN dot", "DNS query
// google.com. IN A, 128 octets".
std::string words_of(const WireEvent& inside);

// The shortest that still names it: "ClientHello", "query google.com. A", "answer NOERROR".
std::string label_of(const WireEvent& inside);

// Padded as RFC 7830 has it; false for what is no DNS message.
bool is_padded(ByteView message);

}  // namespace client
