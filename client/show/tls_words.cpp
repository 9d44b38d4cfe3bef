#include "client/show/tls_words.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <span>
#include <string_view>

#include "client/show/escape.h"
#include "common/dns/wire_reader.h"
#include "common/tls/codes.h"
#include "common/tls/tls_error.h"

namespace client {
namespace {

namespace handshake = tls::handshake;

struct Named {
  std::uint8_t code;
  std::string_view name;
};

constexpr Named kContents[] = {
    {content::kChangeCipherSpec, "change_cipher_spec"},
    {content::kAlert, "alert"},
    {content::kHandshake, "handshake"},
    {content::kApplicationData, "application_data"},
};

constexpr Named kHandshakes[] = {
    {handshake::kHelloRequest, "HelloRequest"},
    {handshake::kClientHello, "ClientHello"},
    {handshake::kServerHello, "ServerHello"},
    {handshake::kNewSessionTicket, "NewSessionTicket"},
    {handshake::kEncryptedExtensions, "EncryptedExtensions"},
    {handshake::kCertificate, "Certificate"},
    {handshake::kServerKeyExchange, "ServerKeyExchange"},
    {handshake::kCertificateRequest, "CertificateRequest"},
    {handshake::kServerHelloDone, "ServerHelloDone"},
    {handshake::kCertificateVerify, "CertificateVerify"},
    {handshake::kClientKeyExchange, "ClientKeyExchange"},
    {handshake::kFinished, "Finished"},
    {handshake::kCertificateStatus, "CertificateStatus"},
    {handshake::kKeyUpdate, "KeyUpdate"},
    {handshake::kCompressedCertificate, "CompressedCertificate"},
};

std::string name_in(std::span<const Named> table, std::uint8_t code, std::string_view kind) {
  const auto found = std::ranges::find(table, code, &Named::code);
  return found == table.end() ? fmt::format("{} {}", kind, code) : std::string(found->name);
}

std::string printable(ByteView octets) {
  return client::printable(std::string_view(reinterpret_cast<const char*>(octets.data()), octets.size()));
}

void extension(std::uint16_t type, dns::WireReader body, bool from_client, HelloWords& words) {
  enum : std::uint16_t {
    kServerName = 0,
    kAlpn = 16,
    kPreSharedKey = 41,
    kSupportedVersions = 43,
    kKeyShare = 51
  };
  constexpr std::uint16_t kTls13 = 0x0304;
  if (type == kPreSharedKey) words.pre_shared_key = true;
  if (type == kSupportedVersions) {
    if (from_client) body.u8();  // the list's length; the server's is one version
    while (body.remaining() >= 2) words.tls13 = body.u16() == kTls13 || words.tls13;
  }
  if (type == kServerName && body.remaining() > 0) {  // a server echoes it empty
    body.u16();
    body.u8();  // host_name, the only kind there is
    words.server_name = printable(body.bytes(body.u16()));
  }
  if (type == kKeyShare) {
    if (from_client) body.u16();  // the list's length; the server's is one share
    while (body.remaining() >= 2) {
      const std::uint16_t group = body.u16();
      words.key_shares.push_back({group, body.at_end() ? 0 : body.bytes(body.u16()).size()});
    }
  }
  if (type == kAlpn) {
    dns::WireReader names = body.window(body.u16());
    while (!names.at_end())
      if (const ByteView name = names.bytes(names.u8()); !name.empty()) words.alpn.push_back(printable(name));
  }
}

}  // namespace

bool is_content_type(std::uint8_t code) {
  return std::ranges::find(kContents, code, &Named::code) != std::end(kContents);
}

std::string content_type_name(std::uint8_t code) {
  return name_in(kContents, code, "content type");
}

std::string handshake_name(ByteView message) {
  if (is_hello_retry(message)) return "HelloRetryRequest";
  return name_in(kHandshakes, message.empty() ? std::uint8_t{0} : message[0], "handshake message");
}

bool is_hello_retry(ByteView message) {
  constexpr std::size_t kBefore = 1 + 3 + 2;  // type, length, legacy_version
  constexpr std::uint8_t kRandom[] = {        // SHA-256 of "HelloRetryRequest"
                                      0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                      0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                      0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
  return message.size() >= kBefore + sizeof kRandom && message[0] == handshake::kServerHello &&
         std::ranges::equal(message.subspan(kBefore, sizeof kRandom), kRandom);
}

std::string alert_text(ByteView alert) {
  if (alert.size() != 2) return "malformed alert";
  return fmt::format("{} {}", alert[0] == 1 ? "warning" : "fatal", tls::alert_name(alert[1]));
}

HelloWords hello_words(ByteView message) {
  HelloWords words;
  dns::WireReader reader(message);
  const std::uint8_t type = reader.u8();
  reader.bytes(3);  // the length
  const bool from_client = type == handshake::kClientHello;
  if (from_client || type == handshake::kServerHello) {
    reader.bytes(2 + 32);                          // version, random
    reader.bytes(reader.u8());                     // session ID
    reader.bytes(from_client ? reader.u16() : 2);  // suites, or the one chosen
    reader.bytes(from_client ? reader.u8() : 1);   // compression methods, none
  } else if (type != handshake::kEncryptedExtensions) {
    return words;
  }
  dns::WireReader extensions = reader.window(reader.u16());
  while (!extensions.at_end()) {
    const std::uint16_t code = extensions.u16();
    extension(code, extensions.window(extensions.u16()), from_client, words);
  }
  return words;
}

}  // namespace client
