#include "common/dns/svcb.h"

#include <arpa/inet.h>
#include <array>
#include <fmt/format.h>
#include <optional>
#include <vector>

#include "common/dns/codec_text.h"
#include "common/dns/wire_reader.h"

namespace dns {
namespace {

struct Param {
  std::uint16_t key;
  ByteView value;
};

// One parameter off the reader; nothing if the octets do not hold one.
std::optional<Param> next_param(WireReader& reader) {
  const std::uint16_t key = reader.u16();
  const ByteView value = reader.bytes(reader.u16());
  if (!reader.ok()) return std::nullopt;
  return Param{key, value};
}

bool has_key(ByteView params, std::uint16_t key) {
  WireReader reader(params);
  while (!reader.at_end())
    if (const auto param = next_param(reader); !param || param->key == key) return param.has_value();
  return false;
}

// A value that is a list of items of `size` octets, at least one.
bool is_list_of(std::size_t size, ByteView value) {
  return !value.empty() && value.size() % size == 0;
}

bool is_alpn(ByteView value) {
  WireReader reader(value);
  do {
    if (reader.bytes(reader.u8()).empty()) return false;  // protocol names have one octet at least
  } while (!reader.at_end());
  return true;
}

bool is_mandatory(ByteView value) {
  if (!is_list_of(2, value)) return false;
  WireReader reader(value);
  int previous = svc_key::MANDATORY;  // which may not be in the list
  while (!reader.at_end()) {
    const int key = reader.u16();
    if (key <= previous) return false;
    previous = key;
  }
  return true;
}

std::string_view fault_of(const Param& param) {
  const ByteView value = param.value;
  switch (param.key) {
    case svc_key::MANDATORY:
      return is_mandatory(value) ? "" : "mandatory is not a rising list of other keys";
    case svc_key::ALPN:
      return is_alpn(value) ? "" : "alpn is not a list of protocol names";
    case svc_key::NO_DEFAULT_ALPN:
      return value.empty() ? "" : "no-default-alpn has a value";
    case svc_key::PORT:
      return value.size() == 2 ? "" : "port is not two octets";
    case svc_key::IPV4HINT:
      return is_list_of(4, value) ? "" : "ipv4hint is not a list of addresses";
    case svc_key::ECH:
      return value.empty() ? "ech has no value" : "";
    case svc_key::IPV6HINT:
      return is_list_of(16, value) ? "" : "ipv6hint is not a list of addresses";
    default:
      return "";
  }
}

std::string_view fault_of_all(ByteView params) {
  if (has_key(params, svc_key::NO_DEFAULT_ALPN) && !has_key(params, svc_key::ALPN))
    return "no-default-alpn without alpn";
  WireReader reader(params);
  while (!reader.at_end()) {
    const auto param = next_param(reader);
    if (param->key != svc_key::MANDATORY) break;  // it comes first or not at all
    WireReader keys(param->value);
    while (!keys.at_end())
      if (!has_key(params, keys.u16())) return "mandatory names a key that is not there";
  }
  return "";
}

void append_item(std::string& list, std::string_view item) {
  if (!list.empty()) list += ',';
  list += item;
}

std::string addresses_text(int family, std::size_t size, ByteView value) {
  std::string list;
  for (; value.size() >= size; value = value.subspan(size)) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    append_item(list, inet_ntop(family, value.data(), text.data(), text.size()));
  }
  return list;
}

std::string keys_text(ByteView value) {
  std::string list;
  WireReader reader(value);
  while (!reader.at_end()) append_item(list, svc_key_name(reader.u16()));
  return list;
}

// Two layers of escapes: a comma or backslash in a protocol's name has a backslash before it (appendix A.1),
// and the whole is written as a character-string, in which that backslash is doubled. BIND also writes a
// blank as \032 here.
std::string alpn_text(ByteView value) {
  std::string list;
  WireReader reader(value);
  while (!reader.at_end()) {
    std::string item;
    for (const std::uint8_t octet : reader.bytes(reader.u8())) {
      const char c = static_cast<char>(octet);
      if (octet <= ' ' || octet >= 0x7f)
        item += fmt::format("\\{:03}", octet);
      else if (c == '"')
        item += "\\\"";
      else if (c == ',')
        item += "\\\\,";
      else if (c == '\\')
        item += "\\\\\\\\";
      else
        item += c;
    }
    append_item(list, item);
  }
  return '"' + list + '"';
}

std::string value_text(const Param& param) {
  switch (param.key) {
    case svc_key::MANDATORY:
      return keys_text(param.value);
    case svc_key::ALPN:
      return alpn_text(param.value);
    case svc_key::PORT:
      return fmt::to_string(param.value[0] << 8 | param.value[1]);
    case svc_key::IPV4HINT:
      return addresses_text(AF_INET, 4, param.value);
    case svc_key::ECH:
      return to_base64(param.value);
    case svc_key::IPV6HINT:
      return addresses_text(AF_INET6, 16, param.value);
    default:
      return param.value.empty() ? "" : quoted(param.value);
  }
}

}  // namespace

std::string_view svc_params_fault(ByteView params) {
  WireReader reader(params);
  int previous = -1;
  while (!reader.at_end()) {
    const auto param = next_param(reader);
    if (!param) return "a parameter is cut off";
    if (param->key <= previous) return "keys do not rise";
    if (const std::string_view fault = fault_of(*param); !fault.empty()) return fault;
    previous = param->key;
  }
  return fault_of_all(params);
}

std::string svc_params_text(ByteView params) {
  std::string text;
  WireReader reader(params);
  while (!reader.at_end()) {
    const auto param = next_param(reader);
    if (!param) break;
    if (!text.empty()) text += ' ';
    text += svc_key_name(param->key);
    if (const std::string value = value_text(*param); !value.empty()) text += '=' + value;
  }
  return text;
}

}  // namespace dns
