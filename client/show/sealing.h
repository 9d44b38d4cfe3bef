// What encryption adds to a TLS record.
#pragma once

#include "client/ask.h"

namespace client {

// Octets of each record of a connection. TLS 1.3: the inner content type and the tag (RFC 8446 §5.2). TLS 1.2
// with AEAD: the tag, and with AES-GCM and AES-CCM an explicit nonce (RFC 5288 §3, RFC 6655 §3).
struct Sealing {
  bool known = true;  // else of a cipher whose additions are not the same for every record, or no TLS
  std::size_t inner_type = 0, nonce = 0, tag = 0;

  std::size_t total() const { return inner_type + nonce + tag; }
};

Sealing sealing_of(const Connection& connection);

}  // namespace client
