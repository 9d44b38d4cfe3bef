#include "proxyserver/watching/exposition.h"

#include <fmt/format.h>
#include <iterator>

namespace {

void append_escaped(std::string& text, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') {
      text += '\\';
      text += c;
    } else if (c == '\n') {
      text += "\\n";
    } else if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      fmt::format_to(std::back_inserter(text), "\\\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
}

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void Exposition::begin_sample(std::string_view suffix, Labels labels, std::string_view le) {
  text_ += name_;
  text_ += suffix;
  char before = '{';
  const auto add = [&](std::string_view name, std::string_view value) {
    text_ += std::exchange(before, ',');
    text_ += name;
    text_ += "=\"";
    append_escaped(text_, value);
    text_ += '"';
  };
  for (const Label& label : labels) add(label.name, label.value);
  if (!also_.value.empty()) add(also_.name, also_.value);
  if (!le.empty()) add("le", le);
  text_ += before == '{' ? " " : "} ";
}

void Exposition::sample(Labels labels, std::uint64_t value) {
  begin_sample("", labels, "");
  fmt::format_to(std::back_inserter(text_), "{}\n", value);
}

void Exposition::sample(Labels labels, double value) {
  begin_sample("", labels, "");
  fmt::format_to(std::back_inserter(text_), "{}\n", value);
}

void Exposition::samples(Labels labels, const Counters& counters, std::size_t begin) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i <= ::histogram::kBounds.size(); ++i) {
    count += counters.total(begin + i);
    const bool last = i == ::histogram::kBounds.size();
    begin_sample("_bucket", labels, last ? "+Inf" : fmt::format("{}", seconds(::histogram::kBounds[i])));
    fmt::format_to(std::back_inserter(text_), "{}\n", count);
  }
  begin_sample("_sum", labels, "");
  fmt::format_to(std::back_inserter(text_), "{}\n",
                 seconds(std::chrono::nanoseconds(counters.total(begin + ::histogram::kSum))));
  begin_sample("_count", labels, "");
  fmt::format_to(std::back_inserter(text_), "{}\n", count);
}
