// The little of HTTP/1.1 (RFC 9112) that a scraper needs, read strictly: what is not well-formed is refused,
// not guessed at. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace http {

inline constexpr std::size_t kLargestRequest = 4096;  // line and fields

struct Request {
  unsigned error = 0;      // the status with which it is refused; 0: it is in order
  bool head_only = false;  // the answer goes without its content (HEAD)
  bool reads = false;      // GET or HEAD
  std::string path;        // without the query: "/metrics"
};

// What has come so far. nullopt: not all of the request is here, and it may still become one.
std::optional<Request> parse(std::string_view octets);

struct Response {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string content;
  std::string allow;  // for 405
};

// For the wire; `now` is Unix time, for the Date (RFC 9110 §6.6.1). The connection ends behind it.
std::string to_wire(const Response& response, bool head_only, long long now);

std::string_view reason(unsigned status);

}  // namespace http
