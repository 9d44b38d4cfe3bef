#include "proxyserver/configuration/report.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace {

using Verdict = Finding::Verdict;

std::string_view name_of(Verdict verdict) {
  constexpr std::array<std::string_view, 3> kNames = {"ok", "warning", "error"};
  return kNames[static_cast<std::size_t>(verdict)];
}

// A line is a line, and a terminal is not driven by what a certificate says.
std::string printable(std::string text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
  std::ranges::replace_if(text, is_control, '?');
  return text;
}

std::string counted(long count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

void Report::ok(std::string what, std::string said) {
  findings_.push_back({Verdict::ok, std::move(what), std::move(said)});
}

void Report::warning(std::string what, std::string said, std::string to_try) {
  findings_.push_back({Verdict::warning, std::move(what), std::move(said), std::move(to_try)});
}

void Report::error(std::string what, std::string said, std::string to_try) {
  findings_.push_back({Verdict::error, std::move(what), std::move(said), std::move(to_try)});
  bad_files_ = true;
}

void Report::upstream_error(std::string said, std::string to_try) {
  findings_.push_back({Verdict::error, "upstream", std::move(said), std::move(to_try)});
  bad_upstream_ = true;
}

Report::ExitCode Report::exit_code() const {
  if (bad_files_) return bad_files;
  return bad_upstream_ ? bad_upstream : good;
}

std::string Report::text() const {
  std::string text;
  for (const Finding& one : findings_) {
    text += fmt::format("{:<8} {:<12} {}", name_of(one.verdict), one.what, printable(one.said));
    if (!one.to_try.empty()) text += fmt::format("; try: {}", printable(one.to_try));
    text += '\n';
  }
  const auto count = [&](Verdict verdict) {
    return std::ranges::count(findings_, verdict, &Finding::verdict);
  };
  return text + fmt::format("{}, {}\n", counted(count(Verdict::error), "error"),
                            counted(count(Verdict::warning), "warning"));
}
