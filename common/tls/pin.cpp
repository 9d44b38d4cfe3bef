#include "common/tls/pin.h"

#include <algorithm>
#include <fmt/format.h>

namespace tls {
namespace {

constexpr std::string_view kPrefix = "sha256/";
constexpr std::size_t kBase64Size = 44;  // of 32 octets, the last character being the padding

bool is_base64(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

}  // namespace

std::expected<std::string, std::string> parse_pin(std::string_view text) {
  const bool has_prefix = text.starts_with(kPrefix);
  const std::string_view base64 = has_prefix ? text.substr(kPrefix.size()) : std::string_view();
  if (base64.size() != kBase64Size || base64.back() != '=' ||
      !std::ranges::all_of(base64.substr(0, 43), is_base64))
    return std::unexpected(
        fmt::format("'{}' is not sha256/ and the 44 characters of a SHA-256 in base64", text));
  return std::string(base64);
}

}  // namespace tls
