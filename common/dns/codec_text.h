// Octets as text and back: base 16, 32 and 64 of RFC 4648, as master files write digests, hashes and keys.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/bytes.h"

namespace dns {

std::string to_hex(ByteView octets);                     // upper case
std::optional<Bytes> from_hex(std::string_view digits);  // either case; nothing but whole octets

// Base 32 with the extended hex alphabet, without padding (RFC 4648 §7; NSEC3: RFC 5155 §3.3).
std::string to_base32hex(ByteView octets);
std::optional<Bytes> from_base32hex(std::string_view digits);  // either case

// Base 64 with padding (RFC 4648 §4). Reading refuses what writing would not have written: missing padding,
// or bits set behind the last octet.
std::string to_base64(ByteView octets);
std::optional<Bytes> from_base64(std::string_view digits);

// Long digits in words of 56 characters with a space between, as dig prints them.
std::string in_words(std::string_view digits);

}  // namespace dns
