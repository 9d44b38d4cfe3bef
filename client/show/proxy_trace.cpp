#include "client/show/proxy_trace.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace client {
namespace {

// The proxy's lines are far shorter: names of 255 octets, each escaped, are the longest part.
constexpr std::size_t kLongestLine = 4096;
// 31 years without a restart. What is larger could not be counted in nanoseconds.
constexpr long long kMostSeconds = 1'000'000'000;

// The front of `text` up to `end`, which is removed with it.
std::string_view cut(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view front = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return front;
}

// A value as logging::field() writes it; what is escaped stays escaped, but for quotes and backslashes.
std::string take_value(std::string_view& text) {
  if (!text.starts_with('"')) return std::string(cut(text, ' '));
  std::string value;
  std::size_t at = 1;
  for (; at < text.size() && text[at] != '"'; ++at) {
    const bool escape =
        text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == '"' || text[at + 1] == '\\');
    value += text[escape ? ++at : at];
  }
  text.remove_prefix(std::min(at + 1, text.size()));
  cut(text, ' ');
  return value;
}

// "1234.567890"
std::optional<std::chrono::steady_clock::time_point> time_of(std::string_view text) {
  const std::string_view seconds = cut(text, '.');
  long long whole = 0, micros = 0;
  const auto number = [](std::string_view digits, long long& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() && value >= 0;
  };
  if (text.size() != 6 || !number(seconds, whole) || !number(text, micros) || whole > kMostSeconds)
    return std::nullopt;
  return std::chrono::steady_clock::time_point(std::chrono::seconds(whole) +
                                               std::chrono::microseconds(micros));
}

}  // namespace

std::string TraceEvent::fact(std::string_view key) const {
  for (std::string_view rest = facts; !rest.empty();) {
    const bool found = cut(rest, '=') == key;
    std::string value = take_value(rest);
    if (found) return value;
  }
  return "";
}

ProxyTrace trace_of(std::string_view text) {
  ProxyTrace trace;
  while (!text.empty()) {
    std::string_view line = cut(text, '\n');
    if (line.empty()) continue;
    const bool too_long = line.size() > kLongestLine;
    const auto when = time_of(cut(line, ' '));
    const std::string_view event = cut(line, ' ');
    if (!when || too_long || event.empty() || line.find("client=") == std::string_view::npos)
      ++trace.unreadable;
    else
      trace.events.push_back({.when = *when, .event = event, .facts = line});
  }
  return trace;
}

}  // namespace client
