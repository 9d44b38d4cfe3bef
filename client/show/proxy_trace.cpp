#include "client/show/proxy_trace.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace client {
namespace {

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
    return error == std::errc() && end == digits.data() + digits.size();
  };
  if (text.size() != 6 || !number(seconds, whole) || !number(text, micros)) return std::nullopt;
  return std::chrono::steady_clock::time_point(std::chrono::seconds(whole) +
                                               std::chrono::microseconds(micros));
}

}  // namespace

std::string_view TraceEvent::fact(std::string_view key) const {
  const auto found = facts.find(key);
  return found == facts.end() ? std::string_view() : found->second;
}

std::vector<TraceEvent> trace_of(std::string_view text, std::string_view client) {
  std::vector<TraceEvent> events;
  while (!text.empty()) {
    std::string_view line = cut(text, '\n');
    const auto when = time_of(cut(line, ' '));
    if (!when) continue;
    TraceEvent event{.when = *when, .event = std::string(cut(line, ' ')), .facts = {}};
    while (!line.empty()) {
      const std::string key(cut(line, '='));
      event.facts[key] = take_value(line);
    }
    if (event.fact("client") == client) events.push_back(std::move(event));
  }
  return events;
}

}  // namespace client
