#include "client/long_options.h"

#include <algorithm>
#include <fmt/format.h>
#include <getopt.h>
#include <type_traits>

#include "common/cli.h"
#include "common/tls/pin.h"

namespace client {
namespace {

using std::string;
using std::string_view;

template <auto Member>  // of Options: a bool or a string
string set(string_view value, Options& options, ServerWords&) {
  if constexpr (std::is_same_v<decltype(Member), bool Options::*>)
    options.*Member = true;
  else
    options.*Member = value;
  return {};
}

template <auto Member>
string show(string_view, Options& options, ServerWords&) {
  options.show.*Member = true;
  return {};
}

template <auto Member>
string file(string_view value, Options& options, ServerWords&) {
  if (value.empty()) return "a file without a name";
  options.files.*Member = value;
  return {};
}

template <Options::Action Action>
string act(string_view, Options& options, ServerWords&) {
  options.action = Action;
  return {};
}

// The complaint about it, with the option in front; empty: none.
string complaint_about_name(string_view option, string_view name) {
  const string complaint = net::complaint_about_name(name);
  return complaint.empty() ? "" : fmt::format("{}: {}", option, complaint);
}

string tls_name(string_view value, Options&, ServerWords& server) {
  server.auth_name = value;
  return complaint_about_name("--tls-name", value);
}

string sni(string_view value, Options& options, ServerWords&) {
  options.sni = value == "none" ? "" : value;
  return complaint_about_name("--sni", value);
}

template <typename Number>
string number(string_view option, string_view text, long least, long most, Number& place) {
  const auto value = cli::parse_number(text, least, most);
  if (!value) return fmt::format("{}: {}", option, value.error());
  place = static_cast<Number>(*value);
  return {};
}

string bench(string_view value, Options& options, ServerWords&) {
  if (options.action == Options::Action::compare) return "--bench and --compare exclude each other";
  options.action = Options::Action::bench;
  return number("--bench", value, 1, 100'000, options.bench_runs);
}

string discover(string_view, Options& options, ServerWords&) {
  if (options.action != Options::Action::ask && options.action != Options::Action::discover)
    return "--discover is a run of its own: leave --bench, --compare and --replay out";
  options.action = Options::Action::discover;
  return {};
}

string compare(string_view, Options& options, ServerWords& server) {
  return take_dig_word("compare", options, server);
}

string clear_port(string_view value, Options& options, ServerWords&) {
  return number("--clear-port", value, 1, 65535, options.clear_port.emplace());
}

string replay(string_view value, Options& options, ServerWords& server) {
  options.action = Options::Action::replay;
  return file<&Files::replay>(value, options, server);
}

template <Quiz::As As>
string quiz(string_view, Options& options, ServerWords&) {
  if (options.quiz.as != Quiz::As::none && options.quiz.as != As)
    return "--quiz, --quiz-sheet and --quiz-key exclude each other";
  options.quiz.as = As;
  return {};
}

string quiz_theme(string_view value, Options& options, ServerWords&) {
  options.quiz.theme = value;
  return value.empty() ? "--quiz-theme: a theme without a name" : "";
}

string seed(string_view value, Options& options, ServerWords&) {
  return number("--seed", value, 0, UINT32_MAX, options.quiz.seed.emplace());
}

string fixed_id(string_view value, Options& options, ServerWords&) {
  return number("--fixed-id", value, 0, 65535, options.query.fixed_id.emplace());
}

string timeout(string_view value, Options& options, ServerWords&) {
  const auto duration = cli::parse_duration(value);
  if (!duration) return "--timeout: " + duration.error();
  options.timeout = *duration;
  return {};
}

string pin(string_view value, Options& options, ServerWords&) {
  auto parsed = tls::parse_pin(value);
  if (!parsed) return "--pin: " + parsed.error();
  options.pins.push_back(std::move(*parsed));
  return {};
}

string version(string_view option, string_view text, tls::Version& place) {
  constexpr string_view kVersions[] = {"1.0", "1.1", "1.2", "1.3"};
  const auto* const found = std::ranges::find(kVersions, text);
  if (found == std::end(kVersions))
    return fmt::format("{}: '{}' is not one of 1.0, 1.1, 1.2, 1.3", option, text);
  place = static_cast<tls::Version>(static_cast<int>(tls::Version::tls10) + (found - kVersions));
  return {};
}

string tls_min(string_view value, Options& options, ServerWords&) {
  return version("--tls-min", value, options.least_version);
}

string tls_max(string_view value, Options& options, ServerWords&) {
  return version("--tls-max", value, options.most_version);
}

string groups(string_view value, Options& options, ServerWords&) {
  auto parsed = tls::parse_groups(value);
  if (!parsed) return "--groups: " + parsed.error();
  options.groups = std::move(*parsed);
  return {};
}

string alpn(string_view value, Options& options, ServerWords&) {
  if (value.empty() || value.size() > 255) return "--alpn: a name has 1 to 255 octets";  // RFC 7301 §3.1
  options.alpn = value == "none" ? "" : value;
  return {};
}

string chart(string_view value, Options& options, ServerWords&) {
  if (!value.ends_with(".svg") && !value.ends_with(".html") && !value.ends_with(".txt"))
    return fmt::format("--chart: '{}' does not end in .svg, .html or .txt", value);
  options.files.chart = value;
  return {};
}

string explain(string_view value, Options& options, ServerWords&) {
  if (value.empty() || value == "full")
    options.show.explain = Show::Level::full;
  else if (value == "short")
    options.show.explain = Show::Level::brief;
  else if (value == "expert")
    options.show.explain = Show::Level::expert;
  else
    return fmt::format("--explain: '{}' is not one of short, full, expert", value);
  return {};
}

string colour(string_view value, Options& options, ServerWords&) {
  if (value == "auto")
    options.show.colour = Show::Colour::automatic;
  else if (value == "always")
    options.show.colour = Show::Colour::always;
  else if (value == "never")
    options.show.colour = Show::Colour::never;
  else
    return fmt::format("--color: '{}' is not one of auto, always, never", value);
  return {};
}

// dig's word of the same meaning, under a long option's name.
string dnssec(string_view, Options& options, ServerWords& server) {
  return take_dig_word("dnssec", options, server);
}
string nsid(string_view, Options& options, ServerWords& server) {
  return take_dig_word("nsid", options, server);
}
string keepalive(string_view, Options& options, ServerWords& server) {
  return take_dig_word("keepalive", options, server);
}
string subnet(string_view value, Options& options, ServerWords& server) {
  return take_dig_word(fmt::format("subnet={}", value), options, server);
}
string cookie(string_view value, Options& options, ServerWords& server) {
  return take_dig_word(value.empty() ? "cookie" : fmt::format("cookie={}", value), options, server);
}
string pad(string_view value, Options& options, ServerWords& server) {
  return take_dig_word(fmt::format("padding={}", value), options, server);
}

constexpr LongOption kLongOptions[] = {
    // what to trust, and what TLS to speak
    {"ca", required_argument, set<&Options::ca>},
    {"tls-name", required_argument, tls_name},
    {"pin", required_argument, pin},
    {"pin-only", no_argument, set<&Options::pin_only>},
    {"insecure", no_argument, set<&Options::insecure>},
    {"cert", required_argument, set<&Options::cert>},
    {"key", required_argument, set<&Options::key>},
    {"tls-min", required_argument, tls_min},
    {"tls-max", required_argument, tls_max},
    {"groups", required_argument, groups},
    {"alpn", required_argument, alpn},
    {"sni", required_argument, sni},
    {"session", required_argument, file<&Files::session>},
    // what to ask
    {"batch", required_argument, set<&Options::batch>},
    {"dnssec", no_argument, dnssec},
    {"nsid", no_argument, nsid},
    {"subnet", required_argument, subnet},
    {"cookie", optional_argument, cookie},
    {"keepalive", no_argument, keepalive},
    {"pad", required_argument, pad},
    {"fixed-id", required_argument, fixed_id},
    // what to show
    {"short", no_argument, show<&Show::rdata_only>},
    {"json", no_argument, show<&Show::json>},
    {"explain", optional_argument, explain},
    {"eavesdropper", no_argument, show<&Show::eavesdropper>},
    {"timeline", no_argument, show<&Show::timeline>},
    {"chart", required_argument, chart},
    {"proxy-trace", required_argument, file<&Files::proxy_trace>},
    {"save", required_argument, file<&Files::save>},
    {"replay", required_argument, replay},
    {"keylog", required_argument, file<&Files::keylog>},
    {"capture", required_argument, file<&Files::capture>},
    {"color", required_argument, colour},
    // what to ask the reader about the run
    {"quiz", no_argument, quiz<Quiz::As::asked>},
    {"quiz-sheet", no_argument, quiz<Quiz::As::sheet>},
    {"quiz-key", no_argument, quiz<Quiz::As::key>},
    {"quiz-theme", required_argument, quiz_theme},
    {"seed", required_argument, seed},
    // what to do
    {"bench", required_argument, bench},
    {"compare", no_argument, compare},
    {"discover", no_argument, discover},
    {"clear-port", required_argument, clear_port},
    {"timeout", required_argument, timeout},
    {"glossary", no_argument, act<Options::Action::glossary>},
    {"help", no_argument, act<Options::Action::help>},
    {"version", no_argument, act<Options::Action::version>},
};

}  // namespace

std::span<const LongOption> long_options() {
  return kLongOptions;
}

}  // namespace client
