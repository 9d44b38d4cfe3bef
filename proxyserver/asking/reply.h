// The replies that the proxy makes itself, when it cannot or will not have the resolver's. Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "common/bytes.h"
#include "common/dns/message_view.h"

// Why, for the one who asked: an extended DNS error (RFC 8914).
struct ExtendedError {
  std::uint16_t code;
  std::string text;  // made printable ASCII and cut to a sensible length on its way out
};

// A reply to `query` (at least a header): its ID, opcode, RD and CD, its question if that can be read, and an
// OPT exactly if the query had one (RFC 6891 §7), which carries the extended error.
Bytes error_reply(ByteView query, std::uint16_t rcode, const std::optional<ExtendedError>& error = {});

// What a client gets over UDP when `answer` is too large for it: header with TC, question, OPT; no records
// (RFC 6891 §7), so that it asks again over TCP. `answer` has one question.
Bytes truncated_reply(const dns::MessageView& answer);
