#include "common/dns/fields.h"

#include <fmt/format.h>

namespace dns {
namespace {

constexpr std::string_view kHeaderRfc = "RFC 1035 4.1.1";

std::vector<BitField> flag_bits(const Header& header) {
  return {{"QR", 1, header.qr}, {"OPCODE", 4, header.opcode}, {"AA", 1, header.aa}, {"TC", 1, header.tc},
          {"RD", 1, header.rd}, {"RA", 1, header.ra},         {"Z", 1, header.z},   {"AD", 1, header.ad},
          {"CD", 1, header.cd}, {"RCODE", 4, header.rcode}};
}

}  // namespace

Name decode_name(WireReader& reader, FieldSink* fields, std::string_view name, std::string_view rfc) {
  if (fields == nullptr) return Name::decode(reader);
  std::vector<NamePart> parts;
  Name decoded = Name::decode(reader, &parts);
  const std::string whole = reader.ok() ? decoded.to_string() : "?";
  for (const NamePart& part : parts)
    fields->field({.offset = part.offset,
                   .length = part.length,
                   .name = std::string(name),
                   .value = part.text,
                   .rfc = part.kind == NamePart::Kind::pointer ? "RFC 1035 4.1.4" : rfc,
                   .part = part.kind,
                   .whole = whole,
                   .target = part.target,
                   .saved = part.saved});
  return decoded;
}

void tell_header(FieldSink& fields, const Header& header, std::size_t read) {
  const std::vector<BitField> bits = flag_bits(header);
  unsigned flags = 0;
  for (const BitField& run : bits) flags = flags << run.width | run.value;
  const WireField all[] = {
      {0, 2, "ID", fmt::to_string(header.id), kHeaderRfc},
      {2, 2, "flags", fmt::format("0x{:04x}", flags), kHeaderRfc, bits},
      {4, 2, "QDCOUNT", fmt::to_string(header.qdcount), kHeaderRfc},
      {6, 2, "ANCOUNT", fmt::to_string(header.ancount), kHeaderRfc},
      {8, 2, "NSCOUNT", fmt::to_string(header.nscount), kHeaderRfc},
      {10, 2, "ARCOUNT", fmt::to_string(header.arcount), kHeaderRfc},
  };
  fields.entry(Section::header, 0, 1);
  for (const WireField& field : all)
    if (field.offset + field.length <= read) fields.field(field);
}

}  // namespace dns
