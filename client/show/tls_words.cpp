#include "client/show/tls_words.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <string_view>

#include "client/show/escape.h"
#include "common/dns/wire_reader.h"
#include "common/tls/tls_error.h"

namespace client {
namespace {

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

constexpr std::uint8_t kClientHello = 1, kServerHello = 2, kEncryptedExtensions = 8;

constexpr Named kHandshakes[] = {
    // RFC 8446 §4, and RFC 5246 §7.4 for those of TLS 1.2
    {0, "HelloRequest"},
    {kClientHello, "ClientHello"},
    {kServerHello, "ServerHello"},
    {4, "NewSessionTicket"},
    {kEncryptedExtensions, "EncryptedExtensions"},
    {11, "Certificate"},
    {12, "ServerKeyExchange"},
    {13, "CertificateRequest"},
    {14, "ServerHelloDone"},
    {15, "CertificateVerify"},
    {16, "ClientKeyExchange"},
    {20, "Finished"},
    {22, "CertificateStatus"},
    {24, "KeyUpdate"},
};

std::string name_in(std::span<const Named> table, std::uint8_t code, std::string_view kind) {
  const auto found = std::ranges::find(table, code, &Named::code);
  return found == table.end() ? fmt::format("{} {}", kind, code) : std::string(found->name);
}

std::string printable(ByteView octets) {
  return client::printable(std::string_view(reinterpret_cast<const char*>(octets.data()), octets.size()));
}

void extension(std::uint16_t type, dns::WireReader body, HelloWords& words) {
  enum : std::uint16_t { kServerName = 0, kAlpn = 16, kPreSharedKey = 41 };
  if (type == kPreSharedKey) words.pre_shared_key = true;
  if (type == kServerName && body.remaining() > 0) {  // a server echoes it empty
    body.u16();
    body.u8();  // host_name, the only kind there is
    words.server_name = printable(body.bytes(body.u16()));
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

std::string handshake_name(std::uint8_t code) {
  return name_in(kHandshakes, code, "handshake message");
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
  if (type == kClientHello || type == kServerHello) {
    reader.bytes(2 + 32);                                   // version, random
    reader.bytes(reader.u8());                              // session ID
    reader.bytes(type == kClientHello ? reader.u16() : 2);  // suites, or the one chosen
    reader.bytes(type == kClientHello ? reader.u8() : 1);   // compression methods, none
  } else if (type != kEncryptedExtensions) {
    return words;
  }
  dns::WireReader extensions = reader.window(reader.u16());
  while (!extensions.at_end()) {
    const std::uint16_t code = extensions.u16();
    extension(code, extensions.window(extensions.u16()), words);
  }
  return words;
}

}  // namespace client
