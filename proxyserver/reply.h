// The replies that the proxy makes itself, when it cannot or will not have the resolver's. Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "common/bytes.h"

// Why, for the one who asked: an extended DNS error (RFC 8914).
struct ExtendedError {
  std::uint16_t code;
  std::string text;  // made printable ASCII and cut to a sensible length on its way out
};

// A reply to `query` (at least a header): its ID, opcode, RD and CD, its question if that can be read, and an
// OPT exactly if the query had one (RFC 6891 §7), which carries the extended error.
Bytes error_reply(ByteView query, std::uint16_t rcode, const std::optional<ExtendedError>& error = {});
