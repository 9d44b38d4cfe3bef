// Codes of TLS handshakes by name, as IANA lists them, and what a cipher suite is made of. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace client {

namespace extension {  // IANA, "TLS ExtensionType Values"
enum : std::uint16_t {
  kServerName = 0,
  kSupportedGroups = 10,
  kPointFormats = 11,
  kSignatureAlgorithms = 13,
  kAlpn = 16,
  kPreSharedKey = 41,
  kSupportedVersions = 43,
  kPskModes = 45,
  kKeyShare = 51,
};
}  // namespace extension

// A code that we do not know is told as "0xfafa".
std::string version_name(std::uint16_t code);
std::string suite_name(std::uint16_t code);
std::string scheme_name(std::uint16_t code);  // of a signature
std::string compression_name(std::uint16_t code);
std::string extension_name(std::uint16_t code);
std::string psk_mode_name(std::uint16_t code);
std::string point_format_name(std::uint16_t code);

std::string_view extension_rfc(std::uint16_t code);  // "7301 3.1"; empty: not known

// A suite taken apart, each part a line with its RFC: "cipher: AES, keys of 128 bits, in GCM [RFC 5116 5.1]".
// None for a name that is not one of IANA's with an AEAD.
std::vector<std::string> suite_parts(std::string_view name);

}  // namespace client
