// RDATA as dig prints it.
#include <arpa/inet.h>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/dns/codec_text.h"
#include "common/dns/codes.h"
#include "common/dns/loc.h"
#include "common/dns/rdata_field.h"
#include "common/dns/svcb.h"
#include "common/dns/time_text.h"
#include "common/dns/type_bitmap.h"

namespace dns {
namespace {

std::uint32_t number(ByteView octets) {
  std::uint32_t value = 0;
  for (const std::uint8_t octet : octets) value = value << 8 | octet;
  return value;
}

std::string name_text(ByteView octets) {
  WireReader reader(octets);
  return Name::decode(reader).to_string();
}

std::string ip_text(int family, ByteView octets) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, octets.data(), text.data(), text.size());
  return text.data();
}

std::string strings_text(ByteView octets) {
  std::string text;
  WireReader reader(octets);
  while (reader.ok() && !reader.at_end()) {
    if (!text.empty()) text += ' ';
    text += quoted(reader.bytes(reader.u8()));
  }
  return text;
}

std::string tag_text(ByteView octets) {
  return std::string(octets.begin() + 1, octets.end());
}

std::string opaque_text(ByteView octets) {
  if (octets.empty()) return "\\# 0";
  return fmt::format("\\# {} {}", octets.size(), in_words(to_hex(octets)));
}

FieldView view(const Field& field, std::size_t offset, ByteView octets) {
  return {field.name, field.kind, offset, octets.size(), print_field(field, octets)};
}

}  // namespace

std::string print_field(const Field& field, ByteView octets) {
  switch (field.kind) {
    case FieldKind::compressible_name:
    case FieldKind::expandable_name:
    case FieldKind::plain_name:
      return name_text(octets);
    case FieldKind::u8:
    case FieldKind::u16:
    case FieldKind::u32:
    case FieldKind::ttl:
    case FieldKind::algorithm:
      return fmt::to_string(number(octets));
    case FieldKind::timestamp:
      return timestamp_text(number(octets));
    case FieldKind::type_code:
      return type_name(static_cast<std::uint16_t>(number(octets)));
    case FieldKind::ipv4:
      return ip_text(AF_INET, octets);
    case FieldKind::ipv6:
      return ip_text(AF_INET6, octets);
    case FieldKind::eui48:
    case FieldKind::eui64:
      return fmt::format("{:02x}", fmt::join(octets, "-"));
    case FieldKind::string:
    case FieldKind::strings:
      return strings_text(octets);
    case FieldKind::tag:
      return tag_text(octets);
    case FieldKind::quoted_rest:
      return quoted(octets);
    case FieldKind::hex_rest:
      return in_words(to_hex(octets));
    case FieldKind::base64_rest:
      return in_words(to_base64(octets));
    case FieldKind::salt:
      return octets.size() == 1 ? "-" : to_hex(octets.subspan(1));
    case FieldKind::hash:
      return to_base32hex(octets.subspan(1));
    case FieldKind::type_bitmap:
      return type_bitmap_text(octets);
    case FieldKind::location:
      return has_location_version(octets) ? location_text(octets) : opaque_text(octets);
    case FieldKind::svc_params:
      return svc_params_text(octets);
    case FieldKind::opaque:
      return opaque_text(octets);
  }
  return {};
}

std::vector<FieldView> walk_rdata(const Rdata& rdata) {
  const ByteView wire = rdata.wire;
  WireReader reader(wire);
  std::vector<FieldView> views;
  Bytes scratch;
  for (const Field& field : rdata_form(rdata.type)) {
    const std::size_t start = reader.offset();
    read_field(field, reader, scratch);
    if (!reader.ok()) break;
    views.push_back(view(field, start, wire.subspan(start, reader.offset() - start)));
  }
  if (reader.ok() && reader.at_end()) return views;
  return {view({"data", FieldKind::opaque}, 0, wire)};
}

std::string rdata_to_text(const Rdata& rdata) {
  std::string text;
  for (const FieldView& field : walk_rdata(rdata)) {
    if (field.text.empty()) continue;
    if (!text.empty()) text += ' ';
    text += field.text;
  }
  return text;
}

}  // namespace dns
