#include "tests/lab/tagged.h"

#include <algorithm>

#include "common/dns/codes.h"

namespace lab {
namespace {

const dns::Name& tag_test() {
  static const dns::Name name = *dns::Name::parse("tag.test.");
  return name;
}

// FNV-1a, 64 bits: short, the same everywhere, and good enough to tell names apart.
std::uint64_t hash(const dns::Name& name) {
  std::uint64_t value = 14695981039346656037ULL;
  for (std::uint8_t octet : name.wire()) {
    if (octet >= 'A' && octet <= 'Z') octet = static_cast<std::uint8_t>(octet | 0x20);
    value = (value ^ octet) * 1099511628211ULL;
  }
  return value;
}

void append_hash(std::uint64_t value, int octets, Bytes& to) {
  for (int i = octets - 1; i >= 0; --i) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

// RFC 1035 §3.3.14: one or more character-strings, each of at most 255 octets behind its length.
Bytes character_strings(std::string_view text) {
  Bytes wire;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, 255);
    wire.push_back(static_cast<std::uint8_t>(piece.size()));
    wire.insert(wire.end(), piece.begin(), piece.end());
    text.remove_prefix(piece.size());
  }
  return wire;
}

}  // namespace

bool is_tagged(const dns::Name& name) {
  return name.is_within(tag_test()) && !(name == tag_test());
}

std::optional<dns::Record> tagged_record(const dns::Name& name, std::uint16_t type) {
  Bytes wire;
  if (type == dns::type::TXT) {
    wire = character_strings(name.to_string());
  } else if (type == dns::type::A) {
    wire = {10};
    append_hash(hash(name), 3, wire);
  } else if (type == dns::type::AAAA) {
    wire = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0};
    append_hash(hash(name), 8, wire);
  } else {
    return std::nullopt;
  }
  return dns::Record{name, type, dns::klass::IN, 60, dns::Rdata{type, std::move(wire)}};
}

}  // namespace lab
