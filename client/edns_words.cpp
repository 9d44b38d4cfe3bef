#include "client/edns_words.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <fmt/format.h>
#include <sys/random.h>

#include "common/cli.h"
#include "common/dns/codec_text.h"
#include "common/dns/codes.h"
#include "common/net/net_error.h"

namespace client {
namespace {

// An option's value as on the wire, or the complaint.
using Value = std::expected<Bytes, std::string>;

// What the options may take up together: the rest of a message, with its padding, still fits behind the
// length's two octets.
constexpr std::size_t kMostOctets = 61'000;

constexpr long kMostPadding = 4096;

Value nothing(std::string_view text) {
  if (!text.empty()) return std::unexpected("takes no value");
  return Bytes();
}

Value cookie(std::string_view text) {
  constexpr std::size_t kClientCookie = 8;
  if (text.empty()) {
    Bytes drawn(kClientCookie);
    if (getrandom(drawn.data(), drawn.size(), 0) != static_cast<ssize_t>(drawn.size()))
      throw net::NetError::from_errno("draw a random cookie", errno);
    return drawn;
  }
  auto octets = dns::from_hex(text);
  if (!octets) return std::unexpected(fmt::format("'{}' is not hexadecimal", text));
  const std::size_t size = octets->size();
  // RFC 7873 §4: the client's, and after it the server's if it is known.
  if (size != kClientCookie && (size < 2 * kClientCookie || size > 5 * kClientCookie))
    return std::unexpected(fmt::format("a cookie has 8 or 16 to 40 octets, not {}", size));
  return std::move(*octets);
}

// RFC 7871 §6: family, prefix length, scope 0, and of the address no more octets than the prefix has, the
// bits after it zero. "0" is dig's short form for "tell nothing of me".
Value subnet(std::string_view text) {
  if (text.empty()) return std::unexpected("needs ADDRESS/LENGTH");
  if (text == "0") text = "0.0.0.0/0";
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::string address(text.substr(0, slash));
  const bool v6 = address.find(':') != std::string::npos;
  Bytes octets(v6 ? 16 : 4);
  if (inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), octets.data()) != 1)
    return std::unexpected(fmt::format("'{}' is not an address", address));
  std::size_t bits = octets.size() * 8;
  if (slash < text.size()) {
    const auto length = cli::parse_number(text.substr(slash + 1), 0, static_cast<long>(bits));
    if (!length) return std::unexpected(length.error());
    bits = static_cast<std::size_t>(*length);
  }
  octets.resize((bits + 7) / 8);
  if (bits % 8 != 0) octets.back() &= static_cast<std::uint8_t>(0xff00u >> bits % 8);
  const std::uint8_t family = v6 ? 2 : 1;
  octets.insert(octets.begin(), {0, family, static_cast<std::uint8_t>(bits), 0});
  return octets;
}

struct Word {
  std::string_view name;
  std::uint16_t code;
  Value (*value)(std::string_view text);
};

constexpr Word kWords[] = {
    {"cookie", dns::option::COOKIE, cookie},
    {"keepalive", dns::option::KEEPALIVE, nothing},  // RFC 7828 §3.1: empty in a query
    {"nsid", dns::option::NSID, nothing},            // RFC 5001 §2.1: likewise
    {"subnet", dns::option::CLIENT_SUBNET, subnet},
};

std::string add(std::uint16_t code, Value value, QueryOptions& query) {
  if (!value) return std::move(value.error());
  constexpr std::size_t kCodeAndLength = 4;
  std::size_t octets = kCodeAndLength + value->size();
  for (const dns::EdnsOption& option : query.options) octets += kCodeAndLength + option.value.size();
  if (octets > kMostOctets)
    return fmt::format("the options have {} octets together, and at most {} fit", octets, kMostOctets);
  query.options.push_back({code, std::move(*value)});
  query.edns = true;
  return {};
}

// CODE[:HEX], any option at all.
std::string add_any(std::string_view text, QueryOptions& query) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const auto code = cli::parse_number(text.substr(0, colon), 0, 65535);
  if (!code) return code.error();
  const std::string_view digits = text.substr(std::min(colon + 1, text.size()));
  auto octets = dns::from_hex(digits);
  if (!octets) return fmt::format("'{}' is not hexadecimal", digits);
  return add(static_cast<std::uint16_t>(*code), std::move(*octets), query);
}

std::string set_padding(std::string_view text, QueryOptions& query) {
  const auto block = cli::parse_number(text, 0, kMostPadding);
  if (!block) return block.error();
  query.padding_block = static_cast<std::uint16_t>(*block);
  return {};
}

// nullopt: not a word of ours; else the complaint without the word in front of it.
std::optional<std::string> take(std::string_view name, std::string_view text, QueryOptions& query) {
  if (name == "padding") return set_padding(text, query);
  if (name == "nopadding" && text.empty()) return set_padding("0", query);
  if (name == "ednsopt") return add_any(text, query);
  const bool off = name.starts_with("no") && text.empty();
  for (const Word& word : kWords) {
    if (name != word.name && !(off && name.substr(2) == word.name)) continue;
    std::erase_if(query.options, [&](const dns::EdnsOption& option) { return option.code == word.code; });
    return name == word.name ? add(word.code, word.value(text), query) : "";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> take_edns_word(std::string_view word, QueryOptions& query) {
  const std::string_view name = word.substr(0, word.find('='));
  auto complaint = take(name, word.substr(std::min(name.size() + 1, word.size())), query);
  if (complaint && !complaint->empty()) return fmt::format("+{}: {}", name, *complaint);
  return complaint;
}

}  // namespace client
