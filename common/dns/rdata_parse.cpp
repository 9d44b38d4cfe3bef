// RDATA from master-file text (RFC 1035 §5.1).
#include <arpa/inet.h>
#include <charconv>
#include <fmt/format.h>
#include <limits>

#include "common/dns/codec_text.h"
#include "common/dns/codes.h"
#include "common/dns/loc.h"
#include "common/dns/rdata_field.h"
#include "common/dns/svcb.h"
#include "common/dns/time_text.h"
#include "common/dns/type_bitmap.h"

namespace dns {
namespace {

using Parsed = std::expected<void, TextError>;

constexpr std::size_t kMaxRdata = 65535;

std::unexpected<TextError> wrong(std::string what, std::size_t column) {
  return std::unexpected(TextError{std::move(what), column});
}

std::unexpected<TextError> wrong(const Field& field, const TextField& text, std::string_view what) {
  return wrong(fmt::format("{} {} {}", field.name, cited(text.text), what), text.column);
}

void append(Bytes& out, ByteView octets) {
  out.insert(out.end(), octets.begin(), octets.end());
}

void append_number(Bytes& out, std::uint32_t value, unsigned octets) {
  while (octets-- > 0) out.push_back(static_cast<std::uint8_t>(value >> 8 * octets));
}

// RFC 4034 appendix A.1 and the registry it began.
std::optional<std::uint8_t> algorithm_number(std::string_view mnemonic) {
  struct Algorithm {
    std::uint8_t number;
    std::string_view mnemonic;
  };
  constexpr Algorithm kAlgorithms[] = {
      {1, "RSAMD5"},           {2, "DH"},           {3, "DSA"},
      {5, "RSASHA1"},          {6, "NSEC3DSA"},     {6, "DSA-NSEC3-SHA1"},
      {7, "NSEC3RSASHA1"},     {8, "RSASHA256"},    {7, "RSASHA1-NSEC3-SHA1"},
      {10, "RSASHA512"},       {12, "ECCGOST"},     {13, "ECDSAP256SHA256"},
      {14, "ECDSAP384SHA384"}, {15, "ED25519"},     {16, "ED448"},
      {252, "INDIRECT"},       {253, "PRIVATEDNS"}, {254, "PRIVATEOID"},
  };
  for (const Algorithm& algorithm : kAlgorithms)
    if (algorithm.mnemonic == mnemonic) return algorithm.number;
  return std::nullopt;
}

Parsed parse_number(const Field& field, const TextField& text, unsigned octets, Bytes& out) {
  const std::uint32_t most = std::numeric_limits<std::uint32_t>::max() >> (32 - 8 * octets);
  std::uint32_t value = 0;
  const char* const last = text.text.data() + text.text.size();
  const auto [end, error] = std::from_chars(text.text.data(), last, value);
  if (error == std::errc::invalid_argument || (error == std::errc() && end != last))
    return wrong(field, text, "is not a number");
  if (error != std::errc() || value > most) return wrong(field, text, fmt::format("is above {}", most));
  append_number(out, value, octets);
  return {};
}

Parsed parse_algorithm(const Field& field, const TextField& text, Bytes& out) {
  const auto number = algorithm_number(text.text);
  if (!number) return parse_number(field, text, 1, out);
  out.push_back(*number);
  return {};
}

Parsed parse_time(const Field& field, const TextField& text, Bytes& out) {
  const bool is_ttl = field.kind == FieldKind::ttl;
  const auto seconds = is_ttl ? ttl_from_text(text.text) : timestamp_from_text(text.text);
  if (!seconds)
    return wrong(field, text,
                 is_ttl ? "is no time such as 3600 or 1h30m" : "is no time such as 20240131235959");
  append_number(out, *seconds, 4);
  return {};
}

Parsed parse_name(const TextField& text, const Name& origin, Bytes& out) {
  const auto name = Name::parse(text.text, origin);
  if (!name) return wrong(name.error().what, text.column + name.error().column);
  append(out, name->wire());
  return {};
}

Parsed parse_ip(const Field& field, const TextField& text, Bytes& out) {
  const bool v4 = field.kind == FieldKind::ipv4;
  Bytes address(v4 ? 4 : 16);
  const bool has_nul = text.text.find('\0') != std::string_view::npos;
  if (has_nul || inet_pton(v4 ? AF_INET : AF_INET6, std::string(text.text).c_str(), address.data()) != 1)
    return wrong(field, text, v4 ? "is no IPv4 address" : "is no IPv6 address");
  append(out, address);
  return {};
}

// Octets in hex with dashes between (RFC 7043 §3.2).
Parsed parse_eui(const Field& field, const TextField& text, std::size_t size, Bytes& out) {
  std::string digits;
  bool good = text.text.size() == size * 3 - 1;
  for (std::size_t at = 0; good && at < text.text.size(); ++at) {
    if (at % 3 == 2)
      good = text.text[at] == '-';
    else
      digits += text.text[at];
  }
  const auto octets = good ? from_hex(digits) : std::nullopt;
  if (!octets) return wrong(field, text, fmt::format("is not {} octets such as 00-53-ff", size));
  append(out, *octets);
  return {};
}

Parsed parse_type_code(const Field& field, const TextField& text, Bytes& out) {
  const auto type = type_from_name(text.text);
  if (!type) return wrong(field, text, "is no type");
  append_number(out, *type, 2);
  return {};
}

Parsed append_string(const std::expected<Bytes, TextError>& octets, Bytes& out) {
  if (!octets) return std::unexpected(octets.error());
  out.push_back(static_cast<std::uint8_t>(octets->size()));
  append(out, *octets);
  return {};
}

std::unexpected<TextError> missing(const Field& field, const FieldCursor& text) {
  return wrong(fmt::format("{} is missing", field.name), text.column());
}

Parsed parse_strings(const Field& field, FieldCursor& text, Bytes& out) {
  if (text.at_end()) return missing(field, text);
  Parsed parsed = {};
  while (parsed && !text.at_end()) parsed = append_string(character_string(text.take()), out);
  return parsed;
}

Parsed parse_quoted_rest(const TextField& text, Bytes& out) {
  const auto octets = unescape(text);
  if (!octets) return std::unexpected(octets.error());
  append(out, *octets);
  return {};
}

// Salt and hash: a length octet before what the digits say.
Parsed parse_counted(const Field& field, const TextField& text, Bytes& out) {
  const bool salt = field.kind == FieldKind::salt;
  if (salt && text.text == "-") return append_string(Bytes{}, out);
  const auto octets = salt ? from_hex(text.text) : from_base32hex(text.text);
  if (!octets || octets->empty() || octets->size() > 255)
    return wrong(field, text,
                 salt ? "is not 1 to 255 octets in hex, nor \"-\"" : "is not 1 to 255 octets in base 32");
  return append_string(*octets, out);
}

// Digits to the end, blanks between them at will.
Parsed parse_digits(const Field& field, FieldCursor& text, Bytes& out) {
  if (text.at_end() && field.least > 0) return missing(field, text);
  const bool hex = field.kind == FieldKind::hex_rest;
  const std::size_t column = text.column();
  std::string digits;
  while (!text.at_end()) digits += text.take().text;
  const auto octets = hex ? from_hex(digits) : from_base64(digits);
  if (!octets)
    return wrong(fmt::format("{} is not whole octets in {}", field.name, hex ? "hex" : "base 64"), column);
  append(out, *octets);
  return {};
}

Parsed parse_bitmap(const Field& field, FieldCursor& text, Bytes& out) {
  if (text.at_end() && field.least > 0) return missing(field, text);
  std::vector<std::uint16_t> types;
  while (!text.at_end()) {
    const TextField name = text.take();
    const auto type = type_from_name(name.text);
    if (!type) return wrong(field, name, "is no type");
    types.push_back(*type);
  }
  append(out, bitmap_of_types(std::move(types)));
  return {};
}

Parsed append_parsed(const std::expected<Bytes, TextError>& octets, Bytes& out) {
  if (!octets) return std::unexpected(octets.error());
  append(out, *octets);
  return {};
}

// The kinds that are one word, or one quoted string, of text.
Parsed parse_word(const Field& field, const TextField& word, const Name& origin, Bytes& out) {
  switch (field.kind) {
    case FieldKind::compressible_name:
    case FieldKind::expandable_name:
    case FieldKind::plain_name:
      return parse_name(word, origin, out);
    case FieldKind::u8:
      return parse_number(field, word, 1, out);
    case FieldKind::u16:
      return parse_number(field, word, 2, out);
    case FieldKind::u32:
      return parse_number(field, word, 4, out);
    case FieldKind::algorithm:
      return parse_algorithm(field, word, out);
    case FieldKind::ttl:
    case FieldKind::timestamp:
      return parse_time(field, word, out);
    case FieldKind::type_code:
      return parse_type_code(field, word, out);
    case FieldKind::ipv4:
    case FieldKind::ipv6:
      return parse_ip(field, word, out);
    case FieldKind::eui48:
      return parse_eui(field, word, 6, out);
    case FieldKind::eui64:
      return parse_eui(field, word, 8, out);
    case FieldKind::string:
    case FieldKind::tag:
      return append_string(character_string(word), out);
    case FieldKind::quoted_rest:
      return parse_quoted_rest(word, out);
    case FieldKind::salt:
    case FieldKind::hash:
      return parse_counted(field, word, out);
    default:
      return wrong(fmt::format("{} has no text", field.name), word.column);
  }
}

// `\# length hex` (RFC 3597 §5); the `\#` has been taken.
std::expected<Bytes, TextError> parse_generic(FieldCursor& text) {
  const auto length_text = text.next("length");
  if (!length_text) return std::unexpected(length_text.error());
  Bytes length;
  if (const auto parsed = parse_number({"length", FieldKind::u16}, *length_text, 2, length); !parsed)
    return std::unexpected(parsed.error());
  const std::size_t column = text.column();
  Bytes octets;
  if (const auto parsed = parse_digits({"data", FieldKind::hex_rest}, text, octets); !parsed)
    return std::unexpected(parsed.error());
  const std::size_t told = static_cast<std::size_t>(length[0] << 8 | length[1]);
  if (octets.size() != told)
    return wrong(fmt::format("data is {} octets where {} are announced", octets.size(), told), column);
  return octets;
}

std::expected<Bytes, TextError> parse_form(std::uint16_t type, FieldCursor& text, const Name& origin) {
  Bytes wire;
  for (const Field& field : rdata_form(type)) {
    if (field.kind == FieldKind::opaque)
      return wrong(fmt::format("{} has no text but \\# length hex", type_name(type)), text.column());
    if (const auto parsed = parse_field(field, text, origin, wire); !parsed)
      return std::unexpected(parsed.error());
  }
  if (!text.at_end()) return wrong(fmt::format("{} is left over", cited(text.front().text)), text.column());
  return wire;
}

// The parser makes most forms right as it goes; what is left is how many octets there are, what `\#` brought,
// and what fields demand of each other.
std::expected<Rdata, TextError> checked(std::uint16_t type, Bytes wire, std::size_t column) {
  if (wire.size() > kMaxRdata) return wrong("RDATA longer than 65535 octets", column);
  WireReader reader(wire);
  Rdata rdata = decode_rdata(type, reader);
  if (!reader.ok())
    return wrong(
        fmt::format("data has not the form of {}: wrong at octet {}", type_name(type), reader.error().offset),
        column);
  if (rdata.wire != wire) return wrong("compressed name outside of a message", column);
  return rdata;
}

}  // namespace

Parsed parse_field(const Field& field, FieldCursor& text, const Name& origin, Bytes& out) {
  switch (field.kind) {
    case FieldKind::strings:
      return parse_strings(field, text, out);
    case FieldKind::hex_rest:
    case FieldKind::base64_rest:
      return parse_digits(field, text, out);
    case FieldKind::type_bitmap:
      return parse_bitmap(field, text, out);
    case FieldKind::svc_params:
      return append_parsed(parse_svc_params(text), out);
    case FieldKind::location:
      return append_parsed(parse_location(text), out);
    default:
      const auto word = text.next(field.name);
      if (!word) return std::unexpected(word.error());
      return parse_word(field, *word, origin, out);
  }
}

std::expected<Rdata, TextError> parse_rdata(std::uint16_t type, std::string_view text, const Name& origin) {
  const auto fields = split_fields(text);
  if (!fields) return std::unexpected(fields.error());
  FieldCursor cursor(*fields, text.size());
  const std::size_t column = cursor.column();
  const bool generic = !cursor.at_end() && !cursor.front().quoted && cursor.front().text == "\\#";
  if (generic) cursor.take();
  auto wire = generic ? parse_generic(cursor) : parse_form(type, cursor, origin);
  if (!wire) return std::unexpected(wire.error());
  return checked(type, std::move(*wire), column);
}

}  // namespace dns
