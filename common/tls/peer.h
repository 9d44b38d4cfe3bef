// What a TLS connection turned out to be, and who is at its other end: facts for a footer, a log line, a
// lesson.
#pragma once

#include <chrono>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

struct ssl_st;
struct x509_st;

namespace tls {

struct CertificateFacts {
  std::string subject;  // "CN=localhost", escaped (RFC 2253)
  std::string issuer;
  std::vector<std::string> names;  // the SANs: "DNS:localhost", "IP:127.0.0.1"
  std::chrono::sys_seconds not_before;
  std::chrono::sys_seconds not_after;
  std::string pin;  // base64 of the SHA-256 of the SubjectPublicKeyInfo (RFC 7858 §4.2)
};

struct ConnectionFacts {
  std::string version;  // "TLSv1.3"
  std::string cipher;   // "TLS_AES_256_GCM_SHA384"
  std::string group;    // "x25519"; empty if no key was exchanged
  std::string alpn;     // "dot", or empty
  bool resumed = false;
  std::optional<CertificateFacts> peer;  // none when the peer showed none
};

// For fmt: its release 9 would print a sys_seconds in local time.
std::tm utc(std::chrono::sys_seconds when);

std::string spki_pin(x509_st* certificate);  // CertificateFacts::pin
CertificateFacts certificate_facts(x509_st* certificate);
ConnectionFacts connection_facts(ssl_st* ssl);

}  // namespace tls
