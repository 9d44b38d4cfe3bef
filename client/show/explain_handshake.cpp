#include "client/show/explain_handshake.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <span>

#include "client/show/escape.h"
#include "client/show/key_exchange.h"
#include "client/show/tls_words.h"
#include "common/dns/wire_reader.h"
#include "common/tls/codes.h"

namespace client {
namespace {

namespace handshake = tls::handshake;
using dns::WireReader;  // TLS is big-endian too, and as full of lengths
using Lines = std::vector<std::string>;

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

enum Extension : std::uint16_t {
  kServerName = 0,
  kSupportedGroups = 10,
  kSignatureAlgorithms = 13,
  kAlpn = 16,
  kPreSharedKey = 41,
  kSupportedVersions = 43,
  kKeyShare = 51,
};

constexpr Named kExtensions[] = {
    // IANA, "TLS ExtensionType Values"
    {kServerName, "server_name (SNI)"},
    {5, "status_request"},
    {kSupportedGroups, "supported_groups"},
    {11, "ec_point_formats"},
    {kSignatureAlgorithms, "signature_algorithms"},
    {kAlpn, "ALPN"},
    {22, "encrypt_then_mac"},
    {23, "extended_master_secret"},
    {27, "compress_certificate"},
    {35, "session_ticket"},
    {kPreSharedKey, "pre_shared_key"},
    {42, "early_data"},
    {kSupportedVersions, "supported_versions"},
    {44, "cookie"},
    {45, "psk_key_exchange_modes"},
    {49, "post_handshake_auth"},
    {50, "signature_algorithms_cert"},
    {kKeyShare, "key_share"},
    {65281, "renegotiation_info"},
};

struct Purpose {
  std::uint8_t code;
  std::string_view words;
  std::string_view tls13, tls12;  // the RFC and its section; empty: that version has no such message
};

constexpr Purpose kPurposes[] = {
    {handshake::kClientHello, "what we can do, to choose from", "8446 4.1.2", "5246 7.4.1.2"},
    {handshake::kServerHello, "what it has chosen", "8446 4.1.3", "5246 7.4.1.3"},
    {handshake::kNewSessionTicket, "lets the next connection skip the certificate", "8446 4.6.1", "5077 3.3"},
    {handshake::kEncryptedExtensions, "answers what nobody else has to know", "8446 4.3.1", ""},
    {handshake::kCertificate, "who this is, and who vouches for it", "8446 4.4.2", "5246 7.4.2"},
    {handshake::kServerKeyExchange, "an ephemeral public key, signed", "", "5246 7.4.3"},
    {handshake::kCertificateRequest, "asks who we are, too", "8446 4.3.2", "5246 7.4.4"},
    {handshake::kServerHelloDone, "it is our turn", "", "5246 7.4.5"},
    {handshake::kCertificateVerify, "a signature: the key of the certificate is here", "8446 4.4.3",
     "5246 7.4.8"},
    {handshake::kClientKeyExchange, "with ECDHE, our ephemeral public key", "", "5246 7.4.7"},
    {handshake::kFinished, "a MAC of all messages so far: none was altered", "8446 4.4.4", "5246 7.4.9"},
    {handshake::kCertificateStatus, "what the CA says of the certificate today", "", "6066 8"},
    {handshake::kKeyUpdate, "a new key from here on", "8446 4.6.3", ""},
    {handshake::kCompressedCertificate, "who this is, and who vouches for it, compressed", "8879 4", ""},
};

std::string name_of(std::span<const Named> table, std::uint16_t code) {
  const auto found = std::ranges::find(table, code, &Named::code);
  return found == table.end() ? fmt::format("0x{:04x}", code) : std::string(found->name);
}

std::size_t u24(WireReader& reader) {
  const std::size_t high = reader.u8();
  return high << 16 | reader.u16();
}

std::string text_of(ByteView octets) {
  return printable({reinterpret_cast<const char*>(octets.data()), octets.size()});
}

// Some of a list of 16-bit codes by name, and how many more there are.
template <typename Name>
std::string names_of(Name name, ByteView codes) {
  constexpr std::size_t kShown = 5;
  Lines names;
  WireReader reader(codes);
  while (reader.remaining() >= 2 && names.size() < kShown) names.push_back(name(reader.u16()));
  const std::size_t more = reader.remaining() / 2;
  return fmt::format("{}{}", fmt::join(names, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

std::string list_of(std::span<const Named> table, ByteView codes) {
  return names_of([&](std::uint16_t code) { return name_of(table, code); }, codes);
}

std::string server_name(WireReader body) {
  if (body.remaining() == 0) return "taken note of";  // the server's, RFC 6066 §3
  body.u16();
  body.u8();  // host_name, the only kind there is
  return text_of(body.bytes(body.u16()));
}

std::string protocols(WireReader body) {
  Lines names;
  WireReader list = body.window(body.u16());
  while (!list.at_end()) names.push_back(text_of(list.bytes(list.u8())));
  return fmt::format("{}", fmt::join(names, ", "));
}

// RFC 8446 §4.2.8: a list from the client, one from the server, and in a HelloRetryRequest a group alone.
std::string key_shares(WireReader body, bool from_client) {
  if (from_client) body.u16();
  Lines shares;
  while (!body.at_end()) {
    const std::uint16_t group = body.u16();
    if (body.at_end() && !from_client) return group_name(group) + ", please";
    shares.push_back(share_text(group, body.bytes(body.u16()).size(), from_client));
  }
  return fmt::format("{}", fmt::join(shares, "; "));
}

std::string extension_text(std::uint16_t code, WireReader body, bool from_client) {
  switch (code) {
    case kServerName:
      return server_name(body);
    case kAlpn:
      return protocols(body);
    case kKeyShare:
      return key_shares(body, from_client);
    case kSupportedVersions:
      if (from_client) body.u8();  // the list's length; the server's is one version
      return list_of(kVersions, body.rest());
    case kSupportedGroups:
      body.u16();
      return names_of(group_name, body.rest());
    case kSignatureAlgorithms:
      body.u16();
      return list_of(kSchemes, body.rest());
    case kPreSharedKey:
      return from_client ? "a ticket of an earlier connection"
                         : "the ticket is accepted: no certificate follows";
    default:
      return body.remaining() == 0   ? "empty"
             : body.remaining() == 1 ? "1 octet"
                                     : fmt::format("{} octets", body.remaining());
  }
}

void add_extensions(WireReader& reader, bool from_client, Lines& lines) {
  if (reader.at_end()) return;
  WireReader list = reader.window(reader.u16());
  while (!list.at_end()) {
    const std::uint16_t code = list.u16();
    const WireReader body = list.window(list.u16());
    if (list.ok())
      lines.push_back(
          fmt::format("{}: {}", name_of(kExtensions, code), extension_text(code, body, from_client)));
  }
  reader.close(list);
}

void add_hello(WireReader& reader, bool from_client, bool retry, Lines& lines) {
  lines.push_back("legacy_version: " + name_of(kVersions, reader.u16()));
  reader.bytes(32);
  lines.push_back(retry ? "random: the value that means HelloRetryRequest" : "random: 32 octets");
  if (const ByteView session = reader.bytes(reader.u8()); !session.empty())
    lines.push_back(fmt::format("session_id: {} octets", session.size()));
  const ByteView suites = reader.bytes(from_client ? reader.u16() : 2);
  lines.push_back("cipher suites: " + list_of(kSuites, suites));
  reader.bytes(from_client ? reader.u8() : 1);  // compression methods: none since RFC 8446
  add_extensions(reader, from_client, lines);
}

// TLS 1.3 puts a context before the list and extensions behind each certificate (RFC 8446 §4.4.2, RFC 5246
// §7.4.2).
void add_certificates(WireReader& reader, Lines& lines) {
  WireReader peek = reader;
  const std::size_t length = u24(peek);
  const bool tls13 = length != peek.remaining();
  if (tls13) reader.bytes(reader.u8());
  WireReader list = reader.window(u24(reader));
  std::vector<std::size_t> sizes;
  while (!list.at_end()) {
    const std::size_t size = list.bytes(u24(list)).size();
    if (tls13) list.bytes(list.u16());
    if (list.ok()) sizes.push_back(size);
  }
  lines.push_back(sizes.empty() ? "no certificate"
                                : fmt::format("certificates: {} octets", fmt::join(sizes, ", ")));
}

}  // namespace

std::string handshake_purpose(ByteView message, bool tls13) {
  if (message.empty()) return {};
  if (is_hello_retry(message))
    return "once more, please: with a key for the group that it names, one more round trip [RFC 8446 4.1.4]";
  const auto* const found = std::ranges::find(kPurposes, message[0], &Purpose::code);
  if (found == std::end(kPurposes)) return {};
  const std::string_view section = tls13 ? found->tls13 : found->tls12;
  return section.empty() ? std::string(found->words) : fmt::format("{} [RFC {}]", found->words, section);
}

std::vector<std::string> handshake_contents(ByteView message) {
  Lines lines;
  WireReader reader(message);
  const std::uint8_t type = reader.u8();
  u24(reader);
  switch (type) {
    case handshake::kClientHello:
    case handshake::kServerHello:
      add_hello(reader, type == handshake::kClientHello, is_hello_retry(message), lines);
      break;
    case handshake::kEncryptedExtensions:
      add_extensions(reader, false, lines);
      break;
    case handshake::kCertificate:
      add_certificates(reader, lines);
      break;
    case handshake::kCompressedCertificate: {
      const std::string algorithm = name_of(kCompressions, reader.u16());
      lines.push_back(fmt::format("algorithm: {}, of {} octets", algorithm, u24(reader)));
      break;
    }
    case handshake::kServerKeyExchange:
      if (reader.u8() == 3)  // named_curve, RFC 8422 §5.4
        lines.push_back("group: " + group_name(reader.u16()));
      break;
    case handshake::kCertificateVerify:
      lines.push_back("signature: " + name_of(kSchemes, reader.u16()));
      break;
    case handshake::kNewSessionTicket:
      lines.push_back(fmt::format("lifetime: {} s", reader.u32()));
      break;
    default:
      break;
  }
  if (!reader.ok()) lines.push_back("and then it makes no sense");
  return lines;
}

}  // namespace client
