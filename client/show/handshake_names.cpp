#include "client/show/handshake_names.h"

#include <algorithm>
#include <fmt/format.h>
#include <span>

namespace client {
namespace {

struct Named {
  std::uint16_t code;
  std::string_view name;
};

constexpr Named kVersions[] = {
    {0x0300, "SSL 3.0"}, {0x0301, "TLS 1.0"}, {0x0302, "TLS 1.1"}, {0x0303, "TLS 1.2"}, {0x0304, "TLS 1.3"}};

constexpr Named kSuites[] = {
    {0x1301, "TLS_AES_128_GCM_SHA256"},
    {0x1302, "TLS_AES_256_GCM_SHA384"},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
    {0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"},
    {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
    {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
};

constexpr Named kSchemes[] = {
    {0x0401, "rsa_pkcs1_sha256"},
    {0x0501, "rsa_pkcs1_sha384"},
    {0x0601, "rsa_pkcs1_sha512"},
    {0x0403, "ecdsa_secp256r1_sha256"},
    {0x0503, "ecdsa_secp384r1_sha384"},
    {0x0603, "ecdsa_secp521r1_sha512"},
    {0x0804, "rsa_pss_rsae_sha256"},
    {0x0805, "rsa_pss_rsae_sha384"},
    {0x0806, "rsa_pss_rsae_sha512"},
    {0x0807, "ed25519"},
    {0x0808, "ed448"},
    {0x0904, "mldsa44"},  // post-quantum, draft-ietf-tls-mldsa
    {0x0905, "mldsa65"},
    {0x0906, "mldsa87"},
};

constexpr Named kCompressions[] = {{1, "zlib"}, {2, "brotli"}, {3, "zstd"}};  // RFC 8879 §7.3
constexpr Named kPskModes[] = {{0, "psk_ke"}, {1, "psk_dhe_ke"}};             // RFC 8446 §4.2.9
constexpr Named kPointFormats[] = {                                           // RFC 8422 §5.1.2
    {0, "uncompressed"},
    {1, "ansiX962_compressed_prime"},
    {2, "ansiX962_compressed_char2"}};

struct ExtensionType {
  std::uint16_t code;
  std::string_view name;
  std::string_view rfc;
};

constexpr ExtensionType kExtensions[] = {
    {extension::kServerName, "server_name (SNI)", "6066 3"},
    {5, "status_request", "6066 8"},
    {extension::kSupportedGroups, "supported_groups", "8446 4.2.7"},
    {extension::kPointFormats, "ec_point_formats", "8422 5.1.2"},
    {extension::kSignatureAlgorithms, "signature_algorithms", "8446 4.2.3"},
    {extension::kAlpn, "ALPN", "7301 3.1"},
    {22, "encrypt_then_mac", "7366 2"},
    {23, "extended_master_secret", "7627 5.1"},
    {27, "compress_certificate", "8879 3"},
    {35, "session_ticket", "5077 3.2"},
    {extension::kPreSharedKey, "pre_shared_key", "8446 4.2.11"},
    {42, "early_data", "8446 4.2.10"},
    {extension::kSupportedVersions, "supported_versions", "8446 4.2.1"},
    {44, "cookie", "8446 4.2.2"},
    {extension::kPskModes, "psk_key_exchange_modes", "8446 4.2.9"},
    {49, "post_handshake_auth", "8446 4.2.6"},
    {50, "signature_algorithms_cert", "8446 4.2.3"},
    {extension::kKeyShare, "key_share", "8446 4.2.8"},
    {65281, "renegotiation_info", "5746 3.2"},
};

std::string name_in(std::span<const Named> table, std::uint16_t code) {
  const auto found = std::ranges::find(table, code, &Named::code);
  return found == table.end() ? fmt::format("0x{:04x}", code) : std::string(found->name);
}

struct Cipher {
  std::string_view part;  // of the suite's name
  std::string_view words;
};

constexpr Cipher kCiphers[] = {
    {"AES_128_GCM", "AES, keys of 128 bits, in the mode GCM, which is an AEAD [RFC 5116 5.1]"},
    {"AES_256_GCM", "AES, keys of 256 bits, in the mode GCM, which is an AEAD [RFC 5116 5.2]"},
    {"CHACHA20_POLY1305", "ChaCha20, keys of 256 bits, with Poly1305, together an AEAD [RFC 8439 2.8]"},
};

}  // namespace

std::string version_name(std::uint16_t code) {
  return name_in(kVersions, code);
}

std::string suite_name(std::uint16_t code) {
  return name_in(kSuites, code);
}

std::string scheme_name(std::uint16_t code) {
  return name_in(kSchemes, code);
}

std::string compression_name(std::uint16_t code) {
  return name_in(kCompressions, code);
}

std::string psk_mode_name(std::uint16_t code) {
  return name_in(kPskModes, code);
}

std::string point_format_name(std::uint16_t code) {
  return name_in(kPointFormats, code);
}

std::string extension_name(std::uint16_t code) {
  const auto* const found = std::ranges::find(kExtensions, code, &ExtensionType::code);
  return found == std::end(kExtensions) ? fmt::format("0x{:04x}", code) : std::string(found->name);
}

std::string_view extension_rfc(std::uint16_t code) {
  const auto* const found = std::ranges::find(kExtensions, code, &ExtensionType::code);
  return found == std::end(kExtensions) ? "" : found->rfc;
}

std::vector<std::string> suite_parts(std::string_view name) {
  const auto has = [&](std::string_view part) { return name.find(part) != std::string_view::npos; };
  const auto* const cipher = std::ranges::find_if(kCiphers, has, &Cipher::part);
  if (cipher == std::end(kCiphers)) return {};
  const bool tls12 = has("_WITH_");
  std::vector<std::string> parts;
  if (tls12)
    parts.push_back(fmt::format("key exchange: ECDHE; the server signs its part with {} [RFC 8422 2]",
                                has("_ECDSA_") ? "ECDSA" : "RSA"));
  else
    parts.push_back(
        "key exchange and signature: not in the suite, but in key_share and CertificateVerify "
        "[RFC 8446 1.2]");
  parts.push_back(fmt::format("cipher: {}", cipher->words));
  parts.push_back(fmt::format(
      "hash: {}, for {}", name.ends_with("384") ? "SHA-384" : "SHA-256",
      tls12 ? "the PRF, which makes the keys [RFC 5246 5]" : "HKDF, which makes the keys [RFC 8446 7.1]"));
  return parts;
}

}  // namespace client
