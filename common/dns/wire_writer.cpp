#include "common/dns/wire_writer.h"

#include <algorithm>
#include <cassert>
#include <functional>

#include "common/dns/name.h"

namespace dns {
namespace {

constexpr std::size_t kPointerReach = 16384;  // a pointer's offset has 14 bits (RFC 1035 §4.1.4)

// Every suffix starts at another octet below kPointerReach and takes two at least, so this table is never
// more than half full: each search ends at an empty slot after a step or two.
constexpr std::size_t kSlots = kPointerReach;

}  // namespace

void WireWriter::u8(std::uint8_t value) {
  out_.push_back(value);
}

void WireWriter::u16(std::uint16_t value) {
  u8(static_cast<std::uint8_t>(value >> 8));
  u8(static_cast<std::uint8_t>(value));
}

void WireWriter::u32(std::uint32_t value) {
  u16(static_cast<std::uint16_t>(value >> 16));
  u16(static_cast<std::uint16_t>(value));
}

void WireWriter::bytes(ByteView value) {
  out_.insert(out_.end(), value.begin(), value.end());
}

void WireWriter::text(std::string_view value) {
  out_.insert(out_.end(), value.begin(), value.end());
}

void WireWriter::name(const Name& name) {
  bytes(name.wire());
}

void WireWriter::compressed_name(const Name& name) {
  if (suffixes_.empty()) suffixes_.resize(kSlots);
  ByteView suffix = name.wire();
  while (suffix.size() > 1) {  // the root alone is shorter than a pointer
    std::uint16_t& slot = slot_for(suffix);
    if (slot != 0) return u16(static_cast<std::uint16_t>(0xc000 | slot));
    if (size() < kPointerReach) slot = static_cast<std::uint16_t>(size());
    const std::size_t label = 1u + suffix[0];
    bytes(suffix.first(label));
    suffix = suffix.subspan(label);
  }
  u8(0);
}

void WireWriter::patch_u16(std::size_t offset, std::uint16_t value) {
  assert(offset + 2 <= out_.size());
  out_[offset] = static_cast<std::uint8_t>(value >> 8);
  out_[offset + 1] = static_cast<std::uint8_t>(value);
}

std::uint16_t& WireWriter::slot_for(ByteView suffix) {
  const std::string_view octets(reinterpret_cast<const char*>(suffix.data()), suffix.size());
  for (std::size_t i = std::hash<std::string_view>{}(octets);; ++i) {
    std::uint16_t& slot = suffixes_[i % kSlots];
    if (slot == 0 || written_at(slot, suffix)) return slot;
  }
}

bool WireWriter::written_at(std::size_t offset, ByteView suffix) const {
  for (;;) {
    if (offset == out_.size()) return false;  // the name that is being written: its slot, met by chance
    const std::size_t octet = out_[offset];
    if (octet >= 0xc0) {
      offset = (octet & 0x3f) << 8 | out_[offset + 1];
      continue;
    }
    const std::size_t label = 1 + octet;  // its length octet included
    if (suffix.size() < label) return false;
    const ByteView written = ByteView(out_).subspan(offset, label);
    if (!std::ranges::equal(written, suffix.first(label))) return false;
    if (octet == 0) return true;
    offset += label;
    suffix = suffix.subspan(label);
  }
}

}  // namespace dns
