#include "common/dns/edns.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cassert>
#include <fmt/format.h>
#include <iterator>

#include "common/dns/codes.h"

namespace dns {
namespace {

constexpr std::uint32_t kDnssecOk = 0x8000;  // of the 16 flag bits, RFC 6891 §6.1.4

bool is_printable(std::uint8_t octet) {
  return octet >= ' ' && octet < 0x7f;
}

// Octets as dig shows those it has no reading for: 61 ff 62 ("a.b").
std::string hex_and_text(ByteView value) {
  std::string hex;
  std::string text;
  for (const std::uint8_t octet : value) {
    fmt::format_to(std::back_inserter(hex), "{:02x} ", octet);
    text += is_printable(octet) ? static_cast<char>(octet) : '.';
  }
  return value.empty() ? "" : fmt::format("{}(\"{}\")", hex, text);
}

std::string plain_hex(ByteView value) {
  std::string hex;
  for (const std::uint8_t octet : value) fmt::format_to(std::back_inserter(hex), "{:02x}", octet);
  return hex;
}

// Someone else's text must not reach a terminal as control characters, nor end the line.
std::string escaped(ByteView text) {
  std::string out;
  for (const std::uint8_t octet : text) {
    if (octet == '\\')
      out += "\\\\";
    else if (is_printable(octet))
      out += static_cast<char>(octet);
    else
      fmt::format_to(std::back_inserter(out), "\\{:03}", octet);
  }
  return out;
}

// RFC 7871 §6: FAMILY, SOURCE and SCOPE PREFIX-LENGTH, and as many octets of address as SOURCE needs.
std::string client_subnet_text(ByteView value) {
  WireReader reader(value);
  const std::uint16_t family = reader.u16();
  const unsigned source = reader.u8();
  const unsigned scope = reader.u8();
  const ByteView prefix = reader.rest();
  const bool v4 = family == 1;
  const bool v6 = family == 2;
  const unsigned bits = v4 ? 32 : v6 ? 128 : 0;
  if (!reader.ok() || family > 2 || source > bits || prefix.size() != (source + 7) / 8)
    return hex_and_text(value);
  if (family == 0) return fmt::format("0/{}/{}", source, scope);
  std::array<std::uint8_t, 16> address{};
  std::ranges::copy(prefix, address.begin());
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(v4 ? AF_INET : AF_INET6, address.data(), text.data(), text.size());
  return fmt::format("{}/{}/{}", text.data(), source, scope);
}

// RFC 7828 §3.1: nothing in a query; in an answer the idle time-out in units of 100 milliseconds.
std::string keepalive_text(ByteView value) {
  WireReader reader(value);
  const unsigned timeout = reader.u16();
  if (!reader.ok() || !reader.at_end()) return hex_and_text(value);
  return fmt::format("{}.{} secs", timeout / 10, timeout % 10);
}

// RFC 8914 §2: INFO-CODE, then text that may be empty. A NUL may end it (it must not, but §2 wants it borne).
std::string extended_error_text(ByteView value) {
  WireReader reader(value);
  const std::uint16_t info_code = reader.u16();
  ByteView text = reader.rest();
  if (!reader.ok()) return hex_and_text(value);
  if (!text.empty() && text.back() == 0) text = text.first(text.size() - 1);
  std::string out = fmt::format("{} ({})", info_code, ede_name(info_code));
  if (!text.empty()) out += fmt::format(": ({})", escaped(text));
  return out;
}

std::string_view option_rfc(std::uint16_t code) {
  switch (code) {
    case option::NSID:
      return "RFC 5001 2.3";
    case option::CLIENT_SUBNET:
      return "RFC 7871 6";
    case option::COOKIE:
      return "RFC 7873 4";
    case option::KEEPALIVE:
      return "RFC 7828 3.1";
    case option::PADDING:
      return "RFC 7830 3";
    case option::EXTENDED_ERROR:
      return "RFC 8914 2";
    default:
      return "RFC 6891 6.1.2";
  }
}

auto number_text(unsigned number) {
  return [number] { return fmt::to_string(number); };
}

void tell_flags(FieldSink& fields, std::size_t offset, const Edns& edns, unsigned flags) {
  fields.field({.offset = offset,
                .length = 2,
                .name = "EDNS flags",
                .value = fmt::format("0x{:04x}", flags),
                .rfc = "RFC 6891 6.1.4",
                .bits = {{"DO", 1, edns.dnssec_ok}, {"Z", 15, edns.z}}});
}

}  // namespace

const EdnsOption* Edns::find(std::uint16_t code) const {
  const auto found = std::ranges::find(options, code, &EdnsOption::code);
  return found == options.end() ? nullptr : &*found;
}

Edns decode_edns(WireReader& reader, FieldSink* fields) {
  Edns edns;
  edns.udp_size = reader.u16();
  tell(fields, reader, 2, "UDP payload size", "RFC 6891 6.2.3", number_text(edns.udp_size));
  edns.extended_rcode = reader.u8();
  tell(fields, reader, 1, "extended RCODE", "RFC 6891 6.1.3", number_text(edns.extended_rcode));
  edns.version = reader.u8();
  tell(fields, reader, 1, "version", "RFC 6891 6.1.3", number_text(edns.version));
  const std::uint16_t flags = reader.u16();
  edns.dnssec_ok = flags & kDnssecOk;
  edns.z = flags & (kDnssecOk - 1);
  if (fields != nullptr && reader.ok()) tell_flags(*fields, reader.offset() - 2, edns, flags);
  const std::uint16_t length = reader.u16();
  tell(fields, reader, 2, "RDLENGTH", "RFC 6891 6.1.2", number_text(length));
  WireReader options = reader.window(length);
  while (!options.at_end()) {
    const std::uint16_t code = options.u16();
    tell(fields, options, 2, "option code", "RFC 6891 6.1.2",
         [&] { return fmt::format("{} ({})", code, option_name(code)); });
    const std::uint16_t size = options.u16();
    tell(fields, options, 2, "option length", "RFC 6891 6.1.2", number_text(size));
    const ByteView value = options.bytes(size);
    if (!options.ok()) break;
    edns.options.push_back({code, Bytes(value.begin(), value.end())});
    if (size > 0)
      tell(fields, options, size, "option data", option_rfc(code),
           [&] { return option_text(edns.options.back()); });
  }
  reader.close(options);
  return edns;
}

void encode_edns(const Edns& edns, WireWriter& writer) {
  writer.u8(0);  // the root owns it
  writer.u16(type::OPT);
  writer.u16(edns.udp_size);
  writer.u8(edns.extended_rcode);
  writer.u8(edns.version);
  writer.u16(static_cast<std::uint16_t>((edns.dnssec_ok ? kDnssecOk : 0) | (edns.z & (kDnssecOk - 1))));
  const std::size_t length_at = writer.size();
  writer.u16(0);
  for (const EdnsOption& option : edns.options) {
    writer.u16(option.code);
    writer.u16(static_cast<std::uint16_t>(option.value.size()));
    writer.bytes(option.value);
  }
  writer.patch_u16(length_at, static_cast<std::uint16_t>(writer.size() - length_at - 2));
}

std::size_t padding_length(std::size_t size, std::size_t block) {
  assert(block > 0);
  return (block - size % block) % block;
}

EdnsOption extended_error(std::uint16_t info_code, std::string_view text) {
  WireWriter writer;
  writer.u16(info_code);
  writer.text(text);
  return {option::EXTENDED_ERROR, writer.take()};
}

std::string option_name(std::uint16_t code) {
  switch (code) {
    case option::NSID:
      return "NSID";
    case option::CLIENT_SUBNET:
      return "CLIENT-SUBNET";
    case option::COOKIE:
      return "COOKIE";
    case option::KEEPALIVE:
      return "TCP KEEPALIVE";
    case option::PADDING:
      return "PAD";
    case option::EXTENDED_ERROR:
      return "EDE";
    default:
      return fmt::format("OPT={}", code);
  }
}

std::string option_text(const EdnsOption& option) {
  if (option.value.empty()) return "";
  switch (option.code) {
    case option::CLIENT_SUBNET:
      return client_subnet_text(option.value);
    case option::COOKIE:
      return plain_hex(option.value);
    case option::KEEPALIVE:
      return keepalive_text(option.value);
    case option::PADDING:
      return fmt::format("({} bytes)", option.value.size());
    case option::EXTENDED_ERROR:
      return extended_error_text(option.value);
    default:
      return hex_and_text(option.value);
  }
}

}  // namespace dns
