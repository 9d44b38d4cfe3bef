// RDATA between the wire and its uncompressed octets.
#include <algorithm>

#include "common/dns/loc.h"
#include "common/dns/rdata_field.h"
#include "common/dns/svcb.h"
#include "common/dns/type_bitmap.h"

namespace dns {
namespace {

void append(Bytes& out, ByteView octets) {
  out.insert(out.end(), octets.begin(), octets.end());
}

bool is_letter_or_digit(std::uint8_t octet) {
  const int letter = octet | 0x20;
  return (octet >= '0' && octet <= '9') || (letter >= 'a' && letter <= 'z');
}

bool is_name(const Field& field) {
  return field.kind == FieldKind::compressible_name || field.kind == FieldKind::expandable_name ||
         field.kind == FieldKind::plain_name;
}

std::string told_name(const Field& field) {
  return "RDATA: " + std::string(field.name);
}

void read_name(const Field& field, WireReader& window, Bytes& out, FieldSink* fields, std::string_view rfc) {
  const std::size_t start = window.offset();
  const Name name = decode_name(window, fields, fields != nullptr ? told_name(field) : "", rfc);
  if (!window.ok()) return;
  // A pointer takes two octets and stands for one (the root) or for three and more, so a compressed name
  // never has the length of its expansion.
  if (field.kind == FieldKind::plain_name && window.offset() - start != name.wire().size())
    return window.fail_at(start, WireFault::bad_rdata);
  append(out, name.wire());
}

// A length octet and what it counts; the latter is returned as well.
ByteView read_string(WireReader& window, Bytes& out) {
  const std::uint8_t length = window.u8();
  const ByteView octets = window.bytes(length);
  if (!window.ok()) return {};
  out.push_back(length);
  append(out, octets);
  return octets;
}

void read_strings(WireReader& window, Bytes& out) {
  do {  // at least one: RFC 1035 §3.3.14
    read_string(window, out);
  } while (window.ok() && !window.at_end());
}

void read_tag(WireReader& window, Bytes& out) {
  const std::size_t start = window.offset();
  const ByteView octets = read_string(window, out);
  if (octets.empty() || !std::ranges::all_of(octets, is_letter_or_digit))
    window.fail_at(start, WireFault::bad_rdata);
}

void read_hash(WireReader& window, Bytes& out) {
  const std::size_t start = window.offset();
  if (read_string(window, out).empty()) window.fail_at(start, WireFault::bad_rdata);
}

// What reaches to the end of the RDATA, if `is_good` says so.
template <typename IsGood>
void read_rest(const Field& field, WireReader& window, Bytes& out, IsGood is_good) {
  const std::size_t start = window.offset();
  const ByteView octets = window.rest();
  if (!window.ok()) return;
  if (octets.size() < field.least)
    return window.fail_at(start, WireFault::bad_rdata, field.least, octets.size());
  if (!is_good(octets)) return window.fail_at(start, WireFault::bad_rdata);
  append(out, octets);
}

bool anything(ByteView) {
  return true;
}

bool is_compressible(const Field& field) {
  return field.kind == FieldKind::compressible_name;
}

void read_value(const Field& field, WireReader& window, Bytes& out) {
  switch (field.kind) {
    case FieldKind::compressible_name:
    case FieldKind::expandable_name:
    case FieldKind::plain_name:
      return read_name(field, window, out, nullptr, {});
    case FieldKind::u8:
    case FieldKind::algorithm:
      return append(out, window.bytes(1));
    case FieldKind::u16:
    case FieldKind::type_code:
      return append(out, window.bytes(2));
    case FieldKind::u32:
    case FieldKind::ttl:
    case FieldKind::timestamp:
    case FieldKind::ipv4:
      return append(out, window.bytes(4));
    case FieldKind::eui48:
      return append(out, window.bytes(6));
    case FieldKind::eui64:
      return append(out, window.bytes(8));
    case FieldKind::ipv6:
      return append(out, window.bytes(16));
    case FieldKind::string:
    case FieldKind::salt:
      read_string(window, out);
      return;
    case FieldKind::strings:
      return read_strings(window, out);
    case FieldKind::tag:
      return read_tag(window, out);
    case FieldKind::hash:
      return read_hash(window, out);
    case FieldKind::quoted_rest:
    case FieldKind::hex_rest:
    case FieldKind::base64_rest:
    case FieldKind::opaque:
      return read_rest(field, window, out, anything);
    case FieldKind::type_bitmap:
      return read_rest(field, window, out, is_type_bitmap);
    case FieldKind::location:
      return read_rest(field, window, out, is_location);
    case FieldKind::svc_params:
      return read_rest(field, window, out, [](ByteView octets) { return svc_params_fault(octets).empty(); });
  }
}

}  // namespace

void read_field(const Field& field, WireReader& window, Bytes& out, FieldSink* fields, std::string_view rfc) {
  if (fields == nullptr) return read_value(field, window, out);
  if (is_name(field)) return read_name(field, window, out, fields, rfc);
  const std::size_t start = window.offset();
  const std::size_t out_before = out.size();
  read_value(field, window, out);
  tell(fields, window, window.offset() - start, told_name(field), rfc,
       [&] { return print_field(field, ByteView(out).subspan(out_before)); });
}

Rdata decode_rdata(std::uint16_t type, WireReader& window, FieldSink* fields) {
  WireReader reader = window;
  Rdata rdata{type, {}};
  const std::string_view rfc = fields != nullptr ? rdata_rfc(type) : "";
  for (const Field& field : rdata_form(type)) read_field(field, reader, rdata.wire, fields, rfc);
  if (reader.ok() && !reader.at_end()) reader.fail(WireFault::bad_rdata, 0, reader.remaining());
  if (!reader.ok()) {
    // The end that a field ran into is the RDATA's, not the message's.
    const WireError& error = reader.error();
    const WireFault fault = error.fault == WireFault::truncated ? WireFault::bad_rdata : error.fault;
    window.fail_at(error.offset, fault, error.wanted, error.got);
    return {type, {}};
  }
  window.rest();
  return rdata;
}

void encode_rdata(const Rdata& rdata, WireWriter& writer) {
  const auto form = rdata_form(rdata.type);
  WireReader check(rdata.wire);
  const bool as_decoded = decode_rdata(rdata.type, check) == rdata && check.ok();
  if (!as_decoded || std::ranges::none_of(form, is_compressible)) return writer.bytes(rdata.wire);
  WireReader reader(rdata.wire);
  for (const Field& field : form) {
    if (is_compressible(field)) {
      writer.compressed_name(Name::decode(reader));
    } else {
      Bytes octets;
      read_field(field, reader, octets);
      writer.bytes(octets);
    }
  }
}

}  // namespace dns
