// Service parameters from text (RFC 9460 §2.1 and appendix A).
#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <fmt/format.h>
#include <map>
#include <optional>

#include "common/dns/codec_text.h"
#include "common/dns/svcb.h"
#include "common/dns/wire_writer.h"

namespace dns {
namespace {

struct KeyName {
  std::uint16_t key;
  std::string_view name;
};

constexpr KeyName kKeyNames[] = {
    {svc_key::MANDATORY, "mandatory"},
    {svc_key::ALPN, "alpn"},
    {svc_key::NO_DEFAULT_ALPN, "no-default-alpn"},
    {svc_key::PORT, "port"},
    {svc_key::IPV4HINT, "ipv4hint"},
    {svc_key::ECH, "ech"},
    {svc_key::IPV6HINT, "ipv6hint"},
};

// RFC 9461 named key 7, and is young enough that dig 9.18 reads the name but prints "key7".
constexpr KeyName kDohpath = {7, "dohpath"};

std::optional<std::uint16_t> decimal(std::string_view digits) {
  std::uint16_t value = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, value);
  if (error != std::errc() || end != last) return std::nullopt;
  return value;
}

struct Key {
  std::uint16_t number;
  bool generic;  // written as keyNNNNN: the value is plain octets, whatever the key
};

std::optional<Key> key_from_name(std::string_view name) {
  if (name == kDohpath.name) return Key{kDohpath.key, true};
  const auto known = std::ranges::find(kKeyNames, name, &KeyName::name);
  if (known != std::end(kKeyNames)) return Key{known->key, false};
  if (!name.starts_with("key")) return std::nullopt;
  const std::string_view digits = name.substr(3);
  const auto number = decimal(digits);
  if (!number || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;  // §2.1: no leading zeros
  return Key{*number, true};
}

std::vector<std::string_view> split_at_commas(std::string_view list) {
  std::vector<std::string_view> items;
  for (;;) {
    const std::size_t comma = list.find(',');
    items.push_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return items;
    list.remove_prefix(comma + 1);
  }
}

// Appendix A.1, the inner layer: items between commas, `\,` and `\\` standing for themselves.
std::optional<Bytes> alpn_value(ByteView list) {
  WireWriter value;
  Bytes item;
  const auto close_item = [&] {
    const bool good = !item.empty() && item.size() <= 255;
    value.u8(static_cast<std::uint8_t>(item.size()));
    value.bytes(item);
    item.clear();
    return good;
  };
  for (std::size_t at = 0; at < list.size(); ++at) {
    if (list[at] == ',') {
      if (!close_item()) return std::nullopt;
      continue;
    }
    if (list[at] == '\\') ++at;
    if (at == list.size()) return std::nullopt;
    item.push_back(list[at]);
  }
  if (!close_item()) return std::nullopt;
  return value.take();
}

std::optional<Bytes> mandatory_value(std::string_view list) {
  std::vector<std::uint16_t> keys;
  for (const std::string_view name : split_at_commas(list)) {
    const auto key = key_from_name(name);
    if (!key) return std::nullopt;
    keys.push_back(key->number);
  }
  std::ranges::sort(keys);
  WireWriter value;
  for (const std::uint16_t key : keys) value.u16(key);
  return value.take();
}

std::optional<Bytes> addresses_value(int family, std::size_t size, std::string_view list) {
  Bytes value;
  for (const std::string_view item : split_at_commas(list)) {
    value.resize(value.size() + size);
    if (item.find('\0') != std::string_view::npos) return std::nullopt;
    if (inet_pton(family, std::string(item).c_str(), &value[value.size() - size]) != 1) return std::nullopt;
  }
  return value;
}

std::optional<Bytes> port_value(std::string_view text) {
  const auto port = decimal(text);
  if (!port) return std::nullopt;
  return Bytes{static_cast<std::uint8_t>(*port >> 8), static_cast<std::uint8_t>(*port)};
}

// The value's octets from its text, the outer layer of escapes taken off already.
std::optional<Bytes> value_of(Key key, const Bytes& octets) {
  const std::string text(octets.begin(), octets.end());
  if (key.generic) return octets;
  switch (key.number) {
    case svc_key::MANDATORY:
      return mandatory_value(text);
    case svc_key::ALPN:
      return alpn_value(octets);
    case svc_key::PORT:
      return port_value(text);
    case svc_key::IPV4HINT:
      return addresses_value(AF_INET, 4, text);
    case svc_key::ECH:
      return from_base64(text);
    case svc_key::IPV6HINT:
      return addresses_value(AF_INET6, 16, text);
    default:  // no-default-alpn, whose value svc_params_fault() refuses
      return octets;
  }
}

// The part behind the '=', which may be quoted.
TextField value_field(const TextField& field, std::size_t at) {
  TextField value{field.text.substr(at), field.column + at};
  if (value.text.size() >= 2 && value.text.front() == '"') {
    value.text = value.text.substr(1, value.text.size() - 2);
    ++value.column;
  }
  return value;
}

std::unexpected<TextError> wrong(std::string what, std::size_t column) {
  return std::unexpected(TextError{std::move(what), column});
}

}  // namespace

std::string svc_key_name(std::uint16_t key) {
  const auto known = std::ranges::find(kKeyNames, key, &KeyName::key);
  return known != std::end(kKeyNames) ? std::string(known->name) : fmt::format("key{}", key);
}

std::expected<Bytes, TextError> parse_svc_params(FieldCursor& text) {
  const std::size_t start = text.column();
  std::map<std::uint16_t, Bytes> params;  // sorted, as the wire wants them
  while (!text.at_end()) {
    const TextField field = text.take();
    const std::size_t equals = std::min(field.text.find('='), field.text.size());
    const std::string_view name = field.text.substr(0, equals);
    const auto key = field.quoted ? std::nullopt : key_from_name(name);
    if (!key) return wrong(fmt::format("unknown service parameter {}", cited(name)), field.column);

    Bytes value;
    if (equals < field.text.size()) {
      const auto octets = unescape(value_field(field, equals + 1));
      if (!octets) return std::unexpected(octets.error());
      const auto checked = value_of(*key, *octets);
      if (!checked)
        return wrong(fmt::format("{} is no value of {}", cited(field.text.substr(equals + 1)), name),
                     field.column + equals + 1);
      value = *checked;
    }
    if (value.size() > 65535) return wrong(fmt::format("{} is longer than 65535 octets", name), field.column);
    if (!params.emplace(key->number, std::move(value)).second)
      return wrong(fmt::format("{} is there twice", name), field.column);
  }

  WireWriter writer;
  for (const auto& [key, value] : params) {
    writer.u16(key);
    writer.u16(static_cast<std::uint16_t>(value.size()));
    writer.bytes(value);
  }
  Bytes wire = writer.take();
  if (const std::string_view fault = svc_params_fault(wire); !fault.empty())
    return wrong(std::string(fault), start);
  return wire;
}

}  // namespace dns
