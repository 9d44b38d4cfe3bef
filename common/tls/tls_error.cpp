#include "common/tls/tls_error.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <string_view>

#include "common/tls/openssl_error.h"

namespace tls {
namespace {

using Kind = TlsError::Kind;

// What the certificate itself says to it, where that is more than OpenSSL's words.
std::string evidence(const TlsError::Facts& facts) {
  if (!facts.peer) return facts.reason;
  const CertificateFacts& peer = *facts.peer;
  switch (facts.kind) {
    case Kind::name_mismatch:
      return fmt::format("wanted {}, found {}", facts.expected_name,
                         peer.names.empty() ? "no name" : fmt::format("{}", fmt::join(peer.names, " ")));
    case Kind::expired:
      return fmt::format("since {:%F %T} UTC", utc(peer.not_after));
    case Kind::not_yet_valid:
      return fmt::format("before {:%F %T} UTC", utc(peer.not_before));
    case Kind::untrusted_issuer:
      return fmt::format("{}, {}", peer.issuer, facts.reason);
    default:
      return facts.reason;
  }
}

std::string describe(const TlsError::Facts& facts, const std::string& action) {
  if (facts.kind == Kind::file) return fmt::format("{}: {}", action, facts.reason);
  if (facts.kind == Kind::alert) return fmt::format("{}: the peer sent alert {}", action, facts.alert);
  if (facts.reason.empty()) return fmt::format("{}: {}", action, to_string(facts.kind));
  return fmt::format("{}: {}: {}", action, to_string(facts.kind), evidence(facts));
}

std::string reason_of(unsigned long error) {
  if (const char* text = ERR_reason_error_string(error)) return text;
  return fmt::format("OpenSSL error {:#x}", error);
}

Kind kind_of_verify_result(long result) {
  switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Kind::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Kind::not_yet_valid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return Kind::name_mismatch;
    case X509_V_ERR_APPLICATION_VERIFICATION:  // verify.cpp: no pin matches
      return Kind::pin_mismatch;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
      return Kind::untrusted_issuer;
    default:
      return Kind::bad_certificate;
  }
}

}  // namespace

std::string alert_name(int number) {
  switch (number) {
    case 0:
      return "close_notify";
    case 10:
      return "unexpected_message";
    case 20:
      return "bad_record_mac";
    case 22:
      return "record_overflow";
    case 40:
      return "handshake_failure";
    case 42:
      return "bad_certificate";
    case 43:
      return "unsupported_certificate";
    case 44:
      return "certificate_revoked";
    case 45:
      return "certificate_expired";
    case 46:
      return "certificate_unknown";
    case 47:
      return "illegal_parameter";
    case 48:
      return "unknown_ca";
    case 49:
      return "access_denied";
    case 50:
      return "decode_error";
    case 51:
      return "decrypt_error";
    case 70:
      return "protocol_version";
    case 71:
      return "insufficient_security";
    case 80:
      return "internal_error";
    case 86:
      return "inappropriate_fallback";
    case 90:
      return "user_canceled";
    case 100:
      return "no_renegotiation";
    case 109:
      return "missing_extension";
    case 110:
      return "unsupported_extension";
    case 112:
      return "unrecognized_name";
    case 113:
      return "bad_certificate_status_response";
    case 115:
      return "unknown_psk_identity";
    case 116:
      return "certificate_required";
    case 120:
      return "no_application_protocol";
    default:
      return fmt::format("{}", number);
  }
}

TlsError::TlsError(Facts facts, const std::string& action)
    : std::runtime_error(describe(facts, action)), facts_(std::move(facts)) {}

std::string_view to_string(TlsError::Kind kind) {
  switch (kind) {
    case Kind::untrusted_issuer:
      return "untrusted issuer";
    case Kind::name_mismatch:
      return "name mismatch";
    case Kind::expired:
      return "certificate expired";
    case Kind::not_yet_valid:
      return "certificate not yet valid";
    case Kind::bad_certificate:
      return "bad certificate";
    case Kind::pin_mismatch:
      return "pin mismatch";
    case Kind::alert:
      return "alert received";
    case Kind::protocol:
      return "TLS protocol error";
    case Kind::file:
      return "unusable file";
    case Kind::closed:
      return "closed during the handshake";
    case Kind::internal:
      return "internal error";
  }
  return "unknown";
}

TlsError::Facts drain_error_queue() {
  TlsError::Facts facts;
  // The first error is the cause, those after it are its echoes on the way up.
  if (const unsigned long error = ERR_get_error(); error != 0) {
    facts.kind = Kind::protocol;
    facts.reason = reason_of(error);
    const int reason = ERR_GET_REASON(error);
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET) {
      facts.kind = Kind::alert;
      facts.alert = alert_name(reason - SSL_AD_REASON_OFFSET);
    }
  }
  ERR_clear_error();
  return facts;
}

void fail(TlsError::Kind kind, const std::string& action, std::string reason) {
  ERR_clear_error();
  TlsError::Facts facts;
  facts.kind = kind;
  facts.reason = std::move(reason);
  throw TlsError(std::move(facts), action);
}

void check(bool done, const char* action) {
  if (done) return;
  TlsError::Facts facts = drain_error_queue();
  facts.kind = Kind::internal;
  throw TlsError(std::move(facts), action);
}

TlsError::Facts verify_failure(long result, x509_st* certificate, const std::string& expected_name) {
  TlsError::Facts facts;
  facts.kind = kind_of_verify_result(result);
  facts.reason = X509_verify_cert_error_string(result);
  facts.expected_name = expected_name;
  if (certificate != nullptr) facts.peer = certificate_facts(certificate);
  if (facts.kind == Kind::pin_mismatch && facts.peer)
    facts.reason = fmt::format("the server's key is sha256/{}", facts.peer->pin);
  return facts;
}

}  // namespace tls
