#include "common/dns/header.h"

namespace dns {

Header decode_header(WireReader& reader) {
  Header header;
  header.id = reader.u16();
  const unsigned flags = reader.u16();
  header.qr = flags & 0x8000;
  header.opcode = flags >> 11 & 0xf;
  header.aa = flags & 0x0400;
  header.tc = flags & 0x0200;
  header.rd = flags & 0x0100;
  header.ra = flags & 0x0080;
  header.z = flags & 0x0040;
  header.ad = flags & 0x0020;
  header.cd = flags & 0x0010;
  header.rcode = flags & 0xf;
  header.qdcount = reader.u16();
  header.ancount = reader.u16();
  header.nscount = reader.u16();
  header.arcount = reader.u16();
  return header;
}

void encode_header(const Header& header, WireWriter& writer) {
  unsigned flags = 0;
  if (header.qr) flags |= 0x8000;
  flags |= (header.opcode & 0xfu) << 11;
  if (header.aa) flags |= 0x0400;
  if (header.tc) flags |= 0x0200;
  if (header.rd) flags |= 0x0100;
  if (header.ra) flags |= 0x0080;
  if (header.z) flags |= 0x0040;
  if (header.ad) flags |= 0x0020;
  if (header.cd) flags |= 0x0010;
  flags |= header.rcode & 0xfu;
  writer.u16(header.id);
  writer.u16(static_cast<std::uint16_t>(flags));
  writer.u16(header.qdcount);
  writer.u16(header.ancount);
  writer.u16(header.nscount);
  writer.u16(header.arcount);
}

}  // namespace dns
