#include "common/tls/peer.h"

#include <arpa/inet.h>
#include <ctime>
#include <fmt/format.h>
#include <memory>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string_view>

namespace tls {
namespace {

// Strings out of a certificate are the peer's words: nothing in them may reach a terminal or a log raw.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c > 0x20 && c < 0x7f && c != '\\')
      out += c;
    else
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string name_text(const X509_NAME* name) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> memory(BIO_new(BIO_s_mem()), &BIO_free_all);
  if (memory == nullptr || X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  char* text = nullptr;
  const long length = BIO_get_mem_data(memory.get(), &text);
  return length > 0 ? std::string(text, static_cast<std::size_t>(length)) : std::string();
}

std::string address_text(const ASN1_OCTET_STRING* octets) {
  const int length = ASN1_STRING_length(octets);
  char text[INET6_ADDRSTRLEN];
  if ((length == 4 || length == 16) &&
      inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(octets), text, sizeof text))
    return text;
  return fmt::format("{} octets", length);
}

std::string string_text(const ASN1_STRING* string) {
  return escaped({reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                  static_cast<std::size_t>(ASN1_STRING_length(string))});
}

std::string alternative_text(const GENERAL_NAME* name) {
  switch (name->type) {
    case GEN_DNS:
      return "DNS:" + string_text(name->d.dNSName);
    case GEN_IPADD:
      return "IP:" + address_text(name->d.iPAddress);
    case GEN_URI:
      return "URI:" + string_text(name->d.uniformResourceIdentifier);
    case GEN_EMAIL:
      return "email:" + string_text(name->d.rfc822Name);
    default:
      return "other";
  }
}

std::vector<std::string> alternative_names(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  std::vector<std::string> out;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i)
    out.push_back(alternative_text(sk_GENERAL_NAME_value(names.get(), i)));
  return out;
}

std::chrono::sys_seconds time_of(const ASN1_TIME* time) {
  std::tm broken_down{};
  if (ASN1_TIME_to_tm(time, &broken_down) != 1) return {};
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&broken_down)));
}

// The group of the key exchange that this very handshake made. A resumed TLS 1.2 session made none (it lives
// on the first one's secret, RFC 5246 §7.3), though OpenSSL still remembers the group of the first.
std::string group_of(SSL* ssl) {
  if (SSL_version(ssl) < TLS1_3_VERSION && SSL_session_reused(ssl) == 1) return {};
  const long group = SSL_get_negotiated_group(ssl);
  if (group == 0) return {};
  const char* name = SSL_group_to_name(ssl, static_cast<int>(group));
  return name != nullptr ? name : "";
}

}  // namespace

std::tm utc(std::chrono::sys_seconds when) {
  // Not to_time_t(), which takes a detour by nanoseconds: those end in 2262, certificates in 9999.
  const std::time_t time = when.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&time, &parts);
  return parts;
}

std::string spki_pin(x509_st* certificate) {
  unsigned char* der = nullptr;
  const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (length <= 0) return {};
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(der, static_cast<std::size_t>(length), digest);
  OPENSSL_free(der);
  unsigned char base64[4 * ((SHA256_DIGEST_LENGTH + 2) / 3) + 1];
  const int written = EVP_EncodeBlock(base64, digest, sizeof digest);
  return {reinterpret_cast<const char*>(base64), static_cast<std::size_t>(written)};
}

CertificateFacts certificate_facts(x509_st* certificate) {
  return {.subject = name_text(X509_get_subject_name(certificate)),
          .issuer = name_text(X509_get_issuer_name(certificate)),
          .names = alternative_names(certificate),
          .not_before = time_of(X509_get0_notBefore(certificate)),
          .not_after = time_of(X509_get0_notAfter(certificate)),
          .pin = spki_pin(certificate)};
}

ConnectionFacts connection_facts(ssl_st* ssl) {
  ConnectionFacts facts;
  facts.version = SSL_get_version(ssl);
  facts.cipher = SSL_get_cipher_name(ssl);
  facts.group = group_of(ssl);
  const unsigned char* alpn = nullptr;
  unsigned alpn_length = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &alpn_length);
  if (alpn_length > 0) facts.alpn = escaped({reinterpret_cast<const char*>(alpn), alpn_length});
  facts.resumed = SSL_session_reused(ssl) == 1;
  if (X509* const certificate = SSL_get0_peer_certificate(ssl)) facts.peer = certificate_facts(certificate);
  return facts;
}

}  // namespace tls
