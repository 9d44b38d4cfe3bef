#include "client/question_words.h"

#include <algorithm>
#include <fmt/format.h>

#include "client/server.h"
#include "common/dns/codes.h"
#include "common/net/endpoint.h"

namespace client {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// RFC 3986 §3.1.
bool is_scheme(std::string_view text) {
  return !text.empty() && is_letter(text[0]) && std::ranges::all_of(text, [](char c) {
    return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

// Of what is behind "://": [user@]host[:port][/path][?query][#fragment] (RFC 3986 §3.2).
std::string_view host_of(std::string_view rest) {
  std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto user_end = host.rfind('@'); user_end != std::string_view::npos)
    host.remove_prefix(user_end + 1);
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

bool is_numbered(std::string_view word, std::string_view prefix) {
  if (word.size() <= prefix.size()) return false;
  if (!std::ranges::equal(word.substr(0, prefix.size()), prefix, {},
                          [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; }))
    return false;
  word.remove_prefix(prefix.size());
  if (word[0] == '-' || word[0] == '+') word.remove_prefix(1);
  return !word.empty() && std::ranges::all_of(word, is_digit);
}

}  // namespace

std::expected<dns::Name, std::string> question_name(std::string_view word) {
  if (std::string complaint = net::complaint_about_name(word); !complaint.empty())
    return std::unexpected(std::move(complaint));
  auto name = dns::Name::parse(word);
  if (!name) return std::unexpected(fmt::format("'{}' is not a name: {}", word, name.error().what));
  return std::move(*name);
}

std::string complaint_about_url(std::string_view word) {
  const auto scheme_end = word.find("://");
  if (scheme_end == std::string_view::npos || !is_scheme(word.substr(0, scheme_end))) return {};
  const std::string_view scheme = word.substr(0, scheme_end);
  for (const auto transport : {net::Transport::tls, net::Transport::tcp, net::Transport::udp})
    if (scheme == net::to_string(transport))
      return fmt::format("'{0}' is a server, and a server has an @ before it: @{0}", word);
  const std::string host(host_of(word.substr(scheme_end + 3)));
  if (host.empty()) return fmt::format("'{}' is a URL, not a name", word);
  if (is_address(host))
    return fmt::format("'{}' is a URL, not a name: its host is {}, whose name -x asks for", word, host);
  return fmt::format("'{}' is a URL, not a name: its host is {}", word, host);
}

std::string complaint_about_number(std::string_view word) {
  const bool is_type = is_numbered(word, "TYPE");
  if (!is_type && !is_numbered(word, "CLASS")) return {};
  return fmt::format("'{}': the number of a {} is 0 to 65535; for a name of that spelling: -q {}", word,
                     is_type ? "type" : "class", word);
}

std::string complaint_about_type(std::uint16_t type) {
  if (type != dns::type::AXFR && type != dns::type::IXFR) return {};
  return dns::type_name(type) + ": this client asks questions, it does not transfer zones";
}

}  // namespace client
