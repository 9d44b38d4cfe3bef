// Looks into a TLS connection: told of what the records hold, as OpenSSL makes or decrypts it. For teaching
// and tracing; what everybody on the path sees is net::Watcher's.
#pragma once

#include "common/bytes.h"

namespace tls {

enum class Content : std::uint8_t {
  record_header,       // five octets: content type, version, length; comes before what the record holds
  inner_type,          // TLS 1.3, encrypted records: the true content type, one octet (RFC 8446 §5.2)
  handshake,           // one whole message, its four octets of type and length included, decrypted
  change_cipher_spec,  // one octet
  alert,               // level and description
};

class MessageWatcher {
 public:
  virtual ~MessageWatcher() = default;
  // On the stream's own thread, in the middle of its call. Application data is told by its header alone.
  virtual void passed(bool sent, Content content, ByteView octets) noexcept = 0;
};

}  // namespace tls
