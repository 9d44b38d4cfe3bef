// TLS in words: what the views tell of records and handshake messages. Octets in; the texts that come out are
// printable, since all of them may be the peer's.
#pragma once

#include <string>
#include <vector>

#include "common/bytes.h"

namespace client {

namespace content {  // RFC 8446 §5.1
inline constexpr std::uint8_t kChangeCipherSpec = 20;
inline constexpr std::uint8_t kAlert = 21;
inline constexpr std::uint8_t kHandshake = 22;
inline constexpr std::uint8_t kApplicationData = 23;
}  // namespace content

bool is_content_type(std::uint8_t code);
std::string content_type_name(std::uint8_t code);  // "handshake"; "content type 99"
// "ClientHello"; "HelloRetryRequest", which on the wire is a ServerHello; "handshake message 99". `message`
// is whole, with its four octets of type and length.
std::string handshake_name(ByteView message);
bool is_hello_retry(ByteView message);   // RFC 8446 §4.1.3
std::string alert_text(ByteView alert);  // level and description: "fatal unknown_ca"

// Of a ClientHello, ServerHello or EncryptedExtensions, what a person asks about.
struct HelloWords {
  std::string server_name;        // SNI (RFC 6066 §3); empty: none
  std::vector<std::string> alpn;  // offered, or the one that was chosen (RFC 7301 §3.1)
  bool pre_shared_key = false;    // TLS 1.3: a ticket is offered, or accepted (RFC 8446 §4.2.11)
  bool tls13 = false;             // offered, or chosen: among supported_versions (RFC 8446 §4.2.1)

  struct KeyShare {
    std::uint16_t group;
    std::size_t octets;
  };
  // RFC 8446 §4.2.8: offered, or the one that answers; of a HelloRetryRequest the group it wants, with no
  // octets
  std::vector<KeyShare> key_shares;
};

// `message` is whole, with its four octets of type and length. What is malformed, or is another message, says
// nothing.
HelloWords hello_words(ByteView message);

}  // namespace client
