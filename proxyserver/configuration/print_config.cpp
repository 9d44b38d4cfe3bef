#include "proxyserver/configuration/print_config.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <ranges>

#include "proxyserver/configuration/groups.h"
#include "proxyserver/listening/loading.h"

namespace {

constexpr std::size_t kCommentColumn = 48;

// As they are in limits.h and options.h; a test compares.
struct Default {
  std::string_view name;
  std::string_view value;
};
constexpr std::array kDefaults = {
    Default{"policy", "ordered"},
    Default{"pad", "edns"},
    Default{"query-timeout", "5s"},
    Default{"drain-timeout", "10s"},
    Default{"hedge-after", "2s"},
    Default{"handshake-timeout", "5s"},
    Default{"message-timeout", "3s"},
    Default{"idle-timeout", "10s"},
    Default{"write-timeout", "5s"},
    Default{"max-connections", "4096"},
    Default{"max-connections-per-client", "1024"},
    Default{"max-in-flight", "64"},
    Default{"pool-size", "256"},
    Default{"udp-workers", "2"},
    Default{"max-ttl", "86400"},
    Default{"log-level", "info"},
    Default{"log-format", "text"},
};

// What it means that there is none.
constexpr std::array kAbsent = {
    Default{"bootstrap", "names are looked up as the system does"},
    Default{"upstream-ca", "the system's trust store"},
    Default{"pin-only", "upstreams are verified"},
    Default{"announce", "systems that look for encryption find none here"},
    Default{"client-ca", "clients need no certificate"},
    Default{"ticket-key-file", "ticket keys are made here and known to this process alone"},
    Default{"max-qps-per-client", "a client may ask as much as it likes"},
    Default{"max-handshakes-per-client", "a client may connect as often as it likes"},
    Default{"proxy-from", "no listener takes a PROXY header"},
    Default{"retry-on", "every answer is passed on at once"},
    Default{"cache", "every query goes to an upstream"},
    Default{"min-ttl", "answers are kept as long as they say"},
    Default{"serve-stale", "what has expired is not given any more"},
    Default{"user", "it stays who started it"},
    Default{"query-log", "queries are not logged"},
    Default{"query-log-privacy", "a query log names clients in full"},
    Default{"metrics", "nobody is told"},
};

const Default* find(const auto& table, std::string_view name) {
  const auto found = std::ranges::find(table, name, &Default::name);
  return found != table.end() ? &*found : nullptr;
}

std::string line(std::string_view name, std::string_view value, std::string origin) {
  std::ranges::replace_if(
      origin, [](char c) { return static_cast<unsigned char>(c) < ' '; }, '?');
  const std::string said = value.empty() ? std::string(name) : fmt::format("{} {}", name, value);
  return fmt::format("{:<{}} # {}\n", said, kCommentColumn - 1, origin);
}

// Those of one name; upstreams and what belongs to them are one, as their order counts.
std::vector<Setting> settings_of(const Options& options, std::string_view name) {
  std::vector<Setting> found;
  for (const Setting& setting : options.settings)
    if (setting.name == name || (name == "upstream" && belongs_to_upstream(setting.name)))
      found.push_back(setting);
  if (!is_repeatable(name) && found.size() > 1) found.erase(found.begin(), found.end() - 1);
  return found;
}

std::string default_identity(const Options& options, std::string_view name) {
  Options named = options;
  try {
    name_default_files(named);
  } catch (const UnusableFile& error) {
    return fmt::format("# {}: not set, {}\n", name, error.what());
  }
  const std::string& file = name == "cert" ? named.cert_file : named.key_file;
  return file.empty() ? fmt::format("# {}: not set, there is no tls:// listener\n", name)
                      : line(name, file, "default");
}

std::string default_text(const Options& options, const option& one) {
  const std::string_view name = one.name;
  std::string text;
  if (name == "listen")
    for (const net::Uri& uri : options.listen) text += line(name, uri.to_string(), "default");
  else if (name == "upstream")
    for (const UpstreamOptions& upstream : options.upstreams)
      text += line(name, upstream.uri.to_string(), "default");
  else if (name == "allow")
    for (const char* network : AccessList::kPrivateNetworks) text += line(name, network, "default");
  else if (name == "cert" || name == "key")
    return default_identity(options, name);
  if (!text.empty()) return text;

  const auto is_udp = [](const net::Uri& uri) { return uri.transport == net::Transport::udp; };
  if (name == "udp-workers" && std::ranges::none_of(options.listen, is_udp))
    return "# udp-workers: not set, there is no udp:// listener\n";
  if (name == "max-ttl" && options.cache == 0) return "# max-ttl: not set, there is no --cache\n";
  if (const Default* const known = find(kDefaults, name)) return line(name, known->value, "default");
  const Default* const absent = find(kAbsent, name);
  return fmt::format("# {}: not set{}{}\n", name, absent != nullptr ? ", " : "",
                     absent != nullptr ? absent->value : "");
}

std::string remarks_on_suffixes(const Options& options) {
  std::string text;
  for (const InClear& in_clear : suffixes_in_clear(options))
    text += fmt::format("# WARNING: names at and below {} leave in clear, to {}\n", in_clear.suffix,
                        in_clear.upstreams);
  if (upstream_groups(options.upstreams).front().upstreams.empty())
    text += "# names below no 'for' are refused: no upstream is without one\n";
  return text;
}

}  // namespace

std::expected<std::string, std::string> config_text(const Options& options) {
  std::string text = "# What is in force, and where each value comes from: proxyserver --print-config\n";
  for (const option& one : known_options()) {
    if (one.name == nullptr || is_for_command_line_only(one.name) || belongs_to_upstream(one.name)) continue;
    const auto settings = settings_of(options, one.name);
    if (settings.empty()) text += default_text(options, one);
    for (const Setting& setting : settings) {
      const bool has_value = one.has_arg != no_argument && setting.name != "clear";
      if (has_value && !fits_in_file(setting.value))
        return std::unexpected(
            fmt::format("--print-config: {}: a file cannot hold this value", setting.text()));
      text += line(setting.name, setting.value, setting.origin);
    }
    if (one.name == std::string_view("upstream")) text += remarks_on_suffixes(options);
  }
  return text;
}
