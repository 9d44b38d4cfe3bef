#include "client/question_words.h"

#include <algorithm>
#include <fmt/format.h>

#include "common/dns/codes.h"

namespace client {

std::expected<dns::Name, std::string> question_name(std::string_view word) {
  if (std::ranges::any_of(word, [](char c) { return static_cast<unsigned char>(c) > 127; }))
    return std::unexpected(fmt::format("'{}' is not ASCII: write it as IDNA does, xn--...", word));
  auto name = dns::Name::parse(word);
  if (!name) return std::unexpected(fmt::format("'{}' is not a name: {}", word, name.error().what));
  return std::move(*name);
}

std::string complaint_about_type(std::uint16_t type) {
  if (type != dns::type::AXFR && type != dns::type::IXFR) return {};
  return dns::type_name(type) + ": this client asks questions, it does not transfer zones";
}

}  // namespace client
