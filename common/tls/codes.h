// Numbers that a TLS handshake says aloud, by their names (IANA, "TLS HandshakeType").
#pragma once

#include <cstdint>

namespace tls::handshake {

enum Type : std::uint8_t {  // RFC 8446 §4, and RFC 5246 §7.4 for those of TLS 1.2
  kHelloRequest = 0,
  kClientHello = 1,
  kServerHello = 2,
  kNewSessionTicket = 4,
  kEncryptedExtensions = 8,
  kCertificate = 11,
  kServerKeyExchange = 12,
  kCertificateRequest = 13,
  kServerHelloDone = 14,
  kCertificateVerify = 15,
  kClientKeyExchange = 16,
  kFinished = 20,
  kCertificateStatus = 22,  // RFC 6066 §8
  kKeyUpdate = 24,
  kCompressedCertificate = 25,  // RFC 8879 §4
};

}  // namespace tls::handshake
