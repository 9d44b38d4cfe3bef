// A TLS handshake message taken apart, line by line, for a student.
//
// Octets in, text out: all of it may be the peer's, so it is bounds-checked and made printable.
#pragma once

#include <string>
#include <vector>

#include "common/bytes.h"

namespace client {

// What it is there for, in a few words, with the RFC of the version: "what it has chosen [RFC 8446 4.1.3]".
// Empty for a message we do not know. `message` is whole, with its four octets of type and length.
std::string handshake_purpose(ByteView message, bool tls13);

// What it carries: "supported_versions: TLS 1.3, TLS 1.2". Lines end where the message stops making sense.
// With `all`, for --explain=expert: each field, lists to their end, sizes, a suite's parts, and each line's
// RFC in the version's words.
std::vector<std::string> handshake_contents(ByteView message, bool tls13 = true, bool all = false);

}  // namespace client
