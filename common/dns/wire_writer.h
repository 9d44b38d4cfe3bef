// Appends big-endian fields to a DNS message, with name compression (RFC 1035 §4.1.4) on request.
//
// A message has at most 65,535 octets (its length prefix has two, RFC 7766 §8). Writing past that does not
// throw: overflowed() tells, and the caller decides (truncate, or refuse). One thread.
#pragma once

#include <string_view>
#include <utility>

#include "common/bytes.h"

namespace dns {

class Name;

class WireWriter {
 public:
  void u8(std::uint8_t value);
  void u16(std::uint16_t value);
  void u32(std::uint32_t value);
  void bytes(ByteView value);
  void text(std::string_view value);

  void name(const Name& name);             // written out in full
  void compressed_name(const Name& name);  // ends in a pointer to an equal (case-exact) suffix written before

  // Overwrites two octets written before: a count or an RDLENGTH that is known only now.
  void patch_u16(std::size_t offset, std::uint16_t value);

  std::size_t size() const { return out_.size(); }
  bool overflowed() const { return out_.size() > 65535; }
  Bytes take() { return std::move(out_); }

 private:
  // The slot that holds the offset of `suffix` (uncompressed wire form), or the empty slot it would go into.
  std::uint16_t& slot_for(ByteView suffix);
  bool written_at(std::size_t offset, ByteView suffix) const;

  Bytes out_;
  // A hash table of the suffixes a pointer can name, by offset, made with the first compressed name. A zero
  // is an empty slot: the message's header is there, never a name.
  std::vector<std::uint16_t> suffixes_;
};

}  // namespace dns
