#include "common/dns/type_bitmap.h"

#include <algorithm>

#include "common/dns/codes.h"
#include "common/dns/wire_reader.h"

namespace dns {

bool is_type_bitmap(ByteView octets) {
  WireReader reader(octets);
  int previous = -1;
  while (reader.ok() && !reader.at_end()) {
    const int window = reader.u8();
    const std::size_t length = reader.u8();
    const ByteView bits = reader.bytes(length);
    if (!reader.ok() || window <= previous || length < 1 || length > 32) return false;
    if (bits.back() == 0) return false;  // §4.1.2: trailing zero octets must be omitted
    previous = window;
  }
  return reader.ok();
}

std::vector<std::uint16_t> types_in_bitmap(ByteView bitmap) {
  std::vector<std::uint16_t> types;
  WireReader reader(bitmap);
  while (reader.ok() && !reader.at_end()) {
    const unsigned base = reader.u8() * 256U;
    const ByteView bits = reader.bytes(reader.u8());
    for (unsigned bit = 0; bit < bits.size() * 8; ++bit)
      if ((bits[bit / 8] & 0x80U >> bit % 8) != 0) types.push_back(static_cast<std::uint16_t>(base + bit));
  }
  return types;
}

Bytes bitmap_of_types(std::vector<std::uint16_t> types) {
  std::ranges::sort(types);
  Bytes bitmap;
  for (auto type = types.begin(); type != types.end();) {
    const unsigned window = *type / 256U;
    Bytes bits;
    for (; type != types.end() && *type / 256U == window; ++type) {
      const unsigned bit = *type % 256U;
      bits.resize(bit / 8 + 1);  // only ever grows: the types are sorted
      bits.back() = static_cast<std::uint8_t>(bits.back() | 0x80U >> bit % 8);
    }
    bitmap.push_back(static_cast<std::uint8_t>(window));
    bitmap.push_back(static_cast<std::uint8_t>(bits.size()));
    bitmap.insert(bitmap.end(), bits.begin(), bits.end());
  }
  return bitmap;
}

std::string type_bitmap_text(ByteView bitmap) {
  std::string text;
  for (const std::uint16_t type : types_in_bitmap(bitmap)) {
    if (!text.empty()) text += ' ';
    text += type_name(type);
  }
  return text;
}

}  // namespace dns
