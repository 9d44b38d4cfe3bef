#include "common/dns/codec_text.h"

namespace dns {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";
constexpr std::string_view kBase32Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::size_t kWordLength = 56;  // a multiple of 2 and 4, so that words hold whole groups

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// All three bases are one idea: octets poured into a register at one end, digits of `bits` bits taken out of
// it at the other. The last digit is filled up with zero bits.
std::string encode(ByteView octets, std::string_view alphabet, unsigned bits) {
  std::string text;
  text.reserve(octets.size() * 8 / bits + 4);
  std::uint32_t pool = 0;
  unsigned held = 0;
  for (const std::uint8_t octet : octets) {
    pool = (pool << 8 | octet) & 0xffff;
    for (held += 8; held >= bits; held -= bits)
      text += alphabet[pool >> (held - bits) & (alphabet.size() - 1)];
  }
  if (held > 0) text += alphabet[pool << (bits - held) & (alphabet.size() - 1)];
  return text;
}

std::optional<Bytes> decode(std::string_view digits, std::string_view alphabet, unsigned bits, bool fold) {
  Bytes octets;
  octets.reserve(digits.size() * bits / 8);
  std::uint32_t pool = 0;
  unsigned held = 0;
  for (const char c : digits) {
    const std::size_t value = alphabet.find(fold ? upper(c) : c);
    if (value == std::string_view::npos) return std::nullopt;
    pool = (pool << bits | static_cast<std::uint32_t>(value)) & 0xffff;
    held += bits;
    if (held < 8) continue;
    held -= 8;
    octets.push_back(static_cast<std::uint8_t>(pool >> held));
  }
  const bool spare_digit = held >= bits;  // more digits than the octets need
  const bool spare_bits = (pool & ((1U << held) - 1)) != 0;
  if (spare_digit || spare_bits) return std::nullopt;
  return octets;
}

}  // namespace

std::string to_hex(ByteView octets) {
  return encode(octets, kHexDigits, 4);
}

std::optional<Bytes> from_hex(std::string_view digits) {
  return decode(digits, kHexDigits, 4, true);
}

std::string to_base32hex(ByteView octets) {
  return encode(octets, kBase32Digits, 5);
}

std::optional<Bytes> from_base32hex(std::string_view digits) {
  return decode(digits, kBase32Digits, 5, true);
}

std::string to_base64(ByteView octets) {
  std::string text = encode(octets, kBase64Digits, 6);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<Bytes> from_base64(std::string_view digits) {
  if (digits.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && digits.ends_with('='); ++padding) digits.remove_suffix(1);
  return decode(digits, kBase64Digits, 6, false);
}

std::string in_words(std::string_view digits) {
  std::string text;
  while (digits.size() > kWordLength) {
    text.append(digits.substr(0, kWordLength)) += ' ';
    digits.remove_prefix(kWordLength);
  }
  return text.append(digits);
}

}  // namespace dns
