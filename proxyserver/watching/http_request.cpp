#include "proxyserver/watching/http_request.h"

#include <algorithm>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace http {
namespace {

constexpr std::string_view kEnd = "\r\n";

bool is_token_char(char c) {  // RFC 9110 §5.6.2
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kMarks.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

bool is_visible(char c) {
  return c > ' ' && c <= '~';
}

// RFC 9110 §5.5: no control characters; octets beyond ASCII are allowed, and mean nothing here.
bool is_value_char(char c) {
  return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_same_name(std::string_view one, std::string_view other) {
  return std::ranges::equal(one, other, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

Request refused(unsigned status) {
  Request request;
  request.error = status;
  return request;
}

// 0: it is one of HTTP/1's.
unsigned check_version(std::string_view version) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool well_formed = version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
                           version[6] == '.' && is_digit(version[7]);  // RFC 9112 §2.3
  if (!well_formed) return 400;
  return version[5] == '1' ? 0 : 505;
}

// METHOD SP request-target SP HTTP-version (RFC 9112 §3).
Request parse_line(std::string_view line) {
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return refused(400);
  const std::string_view method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  if (!is_token(method) || target.empty() || !std::ranges::all_of(target, is_visible)) return refused(400);
  if (const unsigned error = check_version(line.substr(last + 1)); error != 0) return refused(error);

  constexpr std::string_view kScheme = "http://";  // the absolute form is to be taken too (RFC 9112 §3.2.2)
  if (target.starts_with(kScheme)) {
    const std::size_t path = target.find('/', kScheme.size());
    target = path == std::string_view::npos ? "/" : target.substr(path);
  }
  if (target.front() != '/') return refused(400);
  Request request;
  request.head_only = method == "HEAD";
  request.reads = request.head_only || method == "GET";
  request.path = target.substr(0, target.find('?'));
  return request;
}

// Each of the fields is in order, and there is no content. 0, or the status.
unsigned check_fields(std::string_view fields, bool must_have_host) {
  unsigned hosts = 0;
  while (!fields.empty()) {
    const std::size_t end = fields.find(kEnd);
    const std::string_view field = fields.substr(0, end);
    fields.remove_prefix(end + kEnd.size());
    const std::size_t colon = field.find(':');
    // A blank before the colon, or a line that goes on with the last field, has hidden many an attack (RFC
    // 9112 §5.1, §5.2).
    if (colon == std::string_view::npos || !is_token(field.substr(0, colon))) return 400;
    const std::string_view name = field.substr(0, colon), value = trimmed(field.substr(colon + 1));
    if (!std::ranges::all_of(value, is_value_char)) return 400;
    if (is_same_name(name, "Host")) ++hosts;
    if (is_same_name(name, "Transfer-Encoding")) return 400;
    if (is_same_name(name, "Content-Length") && value != "0") return 400;
  }
  return hosts == 1 || (hosts == 0 && !must_have_host) ? 0 : 400;  // RFC 9112 §3.2
}

}  // namespace

std::optional<Request> parse(std::string_view octets) {
  if (octets.starts_with(kEnd)) octets.remove_prefix(kEnd.size());  // RFC 9112 §2.2
  if (octets == "\r") return std::nullopt;
  const std::size_t line_end = octets.find(kEnd);
  const std::string_view line = octets.substr(0, line_end);
  // What cannot be a request line is not waited for: TLS, say, or a query.
  const std::string_view begun = line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
  if (!std::ranges::all_of(begun, [](char c) { return c >= ' ' && c <= '~'; })) return refused(400);
  if (line_end == std::string_view::npos)
    return octets.size() >= kLargestRequest ? std::optional(refused(414)) : std::nullopt;
  Request request = parse_line(line);
  if (request.error != 0) return request;

  const std::string_view rest = octets.substr(line_end);  // from the line's end on: fields may be none
  const std::size_t end = rest.find("\r\n\r\n");
  if (end == std::string_view::npos)
    return octets.size() >= kLargestRequest ? std::optional(refused(431)) : std::nullopt;
  if (line_end + end + 4 > kLargestRequest) return refused(431);
  const std::string_view fields = rest.substr(kEnd.size(), end);
  request.error = check_fields(fields, line.ends_with("1.1"));
  return request;
}

std::string_view reason(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 414:
      return "URI Too Long";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Internal Server Error";
  }
}

std::string to_wire(const Response& response, bool head_only, long long now) {
  std::string head = fmt::format(
      "HTTP/1.1 {} {}\r\nDate: {:%a, %d %b %Y %H:%M:%S} GMT\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
      "Cache-Control: no-store\r\nConnection: close\r\n",
      response.status, reason(response.status), fmt::gmtime(static_cast<std::time_t>(now)),
      response.content_type, response.content.size());
  if (!response.allow.empty()) head += fmt::format("Allow: {}\r\n", response.allow);
  head += "\r\n";
  return head_only ? head : head + response.content;
}

}  // namespace http
