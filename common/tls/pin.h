// A pin as people write it: "sha256/" and the base64 of the SHA-256 of a public key's SubjectPublicKeyInfo
// (RFC 7858 §4.2, RFC 7469 §2.4).
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace tls {

// The base64 part, as ClientOptions::pins takes it; the error is a clause that quotes the text.
std::expected<std::string, std::string> parse_pin(std::string_view text);

}  // namespace tls
