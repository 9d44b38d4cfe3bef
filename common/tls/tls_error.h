// Why TLS failed, as facts; the one translator of OpenSSL's results makes these.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>

#include "common/tls/peer.h"

namespace tls {

class TlsError : public std::runtime_error {
 public:
  enum class Kind {
    untrusted_issuer,  // no chain to a trust anchor
    name_mismatch,     // the certificate is for somebody else: see `peer->names`
    expired,
    not_yet_valid,
    bad_certificate,  // any other failure of verification: see `reason`
    pin_mismatch,
    alert,     // the peer said no: see `alert`
    protocol,  // what came is not TLS, or not a TLS we speak
    file,      // a certificate, key or CA file cannot be used: see `reason`
    closed,    // the connection ended inside the handshake
    internal,
  };

  struct Facts {
    Kind kind = Kind::internal;
    std::string reason;         // OpenSSL's own words, or the verify result's
    std::string alert;          // name of the alert received: "no_application_protocol"; empty if none
    std::string expected_name;  // what the certificate was checked against
    std::optional<CertificateFacts> peer;  // the certificate that failed, if one came
  };

  explicit TlsError(Facts facts, const std::string& action);

  Kind kind() const { return facts_.kind; }
  const Facts& facts() const { return facts_; }

 private:
  Facts facts_;
};

std::string_view to_string(TlsError::Kind kind);  // "untrusted issuer", "name mismatch", …

// The registry's names, which a student finds in the RFC (RFC 8446 §6, RFC 5246 §7.2, RFC 7301 §3.2):
// "unknown_ca"; the number where there is none.
std::string alert_name(int number);

}  // namespace tls
