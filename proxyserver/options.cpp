#include "proxyserver/options.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fmt/format.h>
#include <getopt.h>
#include <utility>

#include "common/cli.h"
#include "proxyserver/configuration/fit.h"
#include "proxyserver/configuration/groups.h"
#include "proxyserver/configuration/values.h"

namespace {

using std::unexpected;

enum Flag : int {
  kListen = 256,
  kUpstream,
  kFor,
  kClear,
  kBootstrap,
  kUpstreamCa,
  kCert,
  kKey,
  kAnnounce,
  kHandshake,
  kMessage,
  kIdle,
  kWrite,
  kQuery,
  kDrain,
  kHedge,
  kMaxConnections,
  kMaxInFlight,
  kPoolSize,
  kMaxPerClient,
  kMaxQps,
  kMaxHandshakes,
  kUdpWorkers,
  kAllow,
  kProxyFrom,
  kPin,
  kPinOnly,
  kPolicy,
  kClientCa,
  kTicketKeys,
  kPad,
  kRetryOn,
  kCache,
  kMinTtl,
  kMaxTtl,
  kServeStale,
  kUser,
  kLogLevel,
  kLogFormat,
  kKeyLog,
  kCapture,
  kTrace,
  kConfig,
  kPrintConfig,
  kCheck,
  kQueryLog,
  kQueryLogPrivacy,
  kMetrics,
  kHelp,
  kVersion,
};

const std::array kLongOptions = {
    option{"listen", required_argument, nullptr, kListen},
    option{"upstream", required_argument, nullptr, kUpstream},
    option{"for", required_argument, nullptr, kFor},
    option{"clear", no_argument, nullptr, kClear},
    option{"bootstrap", required_argument, nullptr, kBootstrap},
    option{"upstream-ca", required_argument, nullptr, kUpstreamCa},
    option{"cert", required_argument, nullptr, kCert},
    option{"key", required_argument, nullptr, kKey},
    option{"announce", required_argument, nullptr, kAnnounce},
    option{"handshake-timeout", required_argument, nullptr, kHandshake},
    option{"message-timeout", required_argument, nullptr, kMessage},
    option{"idle-timeout", required_argument, nullptr, kIdle},
    option{"write-timeout", required_argument, nullptr, kWrite},
    option{"query-timeout", required_argument, nullptr, kQuery},
    option{"drain-timeout", required_argument, nullptr, kDrain},
    option{"hedge-after", required_argument, nullptr, kHedge},
    option{"max-connections", required_argument, nullptr, kMaxConnections},
    option{"max-in-flight", required_argument, nullptr, kMaxInFlight},
    option{"pool-size", required_argument, nullptr, kPoolSize},
    option{"pad", required_argument, nullptr, kPad},
    option{"retry-on", required_argument, nullptr, kRetryOn},
    option{"cache", required_argument, nullptr, kCache},
    option{"min-ttl", required_argument, nullptr, kMinTtl},
    option{"max-ttl", required_argument, nullptr, kMaxTtl},
    option{"serve-stale", required_argument, nullptr, kServeStale},
    option{"max-connections-per-client", required_argument, nullptr, kMaxPerClient},
    option{"max-qps-per-client", required_argument, nullptr, kMaxQps},
    option{"max-handshakes-per-client", required_argument, nullptr, kMaxHandshakes},
    option{"udp-workers", required_argument, nullptr, kUdpWorkers},
    option{"allow", required_argument, nullptr, kAllow},
    option{"proxy-from", required_argument, nullptr, kProxyFrom},
    option{"pin", required_argument, nullptr, kPin},
    option{"pin-only", no_argument, nullptr, kPinOnly},
    option{"policy", required_argument, nullptr, kPolicy},
    option{"client-ca", required_argument, nullptr, kClientCa},
    option{"ticket-key-file", required_argument, nullptr, kTicketKeys},
    option{"user", required_argument, nullptr, kUser},
    option{"log-level", required_argument, nullptr, kLogLevel},
    option{"log-format", required_argument, nullptr, kLogFormat},
    option{"keylog", required_argument, nullptr, kKeyLog},
    option{"capture", required_argument, nullptr, kCapture},
    option{"trace", required_argument, nullptr, kTrace},
    option{"config", required_argument, nullptr, kConfig},
    option{"print-config", no_argument, nullptr, kPrintConfig},
    option{"check", optional_argument, nullptr, kCheck},
    option{"query-log", required_argument, nullptr, kQueryLog},
    option{"query-log-privacy", required_argument, nullptr, kQueryLogPrivacy},
    option{"metrics", required_argument, nullptr, kMetrics},
    option{"help", no_argument, nullptr, kHelp},
    option{"version", no_argument, nullptr, kVersion},
    option{},
};

Outcome apply(int flag, std::string_view value, Options& options) {
  Limits& limits = options.limits;
  switch (flag) {
    case kListen:
      return add_listener(options.listen, value);
    case kUpstream:
      return add_upstream(options.upstreams, value);
    case kFor:
      return add_suffix(options.upstreams, value);
    case kClear:
      return set_clear(options.upstreams);
    case kBootstrap:
      return set_bootstrap(options, value);
    case kUpstreamCa:
      options.upstream_ca = value;
      return {};
    case kCert:
      options.cert_file = value;
      return {};
    case kKey:
      options.key_file = value;
      return {};
    case kAnnounce:
      return set_announced(options.announce, value);
    case kHandshake:
      return set_duration(limits.handshake, value);
    case kMessage:
      return set_duration(limits.message, value);
    case kIdle:
      return set_duration(limits.idle, value);
    case kWrite:
      return set_duration(limits.write, value);
    case kQuery:
      return set_duration(limits.query, value);
    case kDrain:
      return set_duration(limits.drain, value);
    case kHedge:
      return set_duration(limits.hedge_after, value);
    case kMaxConnections:
      return set_count(limits.max_connections, value, 1'000'000);
    case kMaxInFlight:
      return set_count(limits.max_in_flight, value, 16384);
    case kPoolSize:
      return set_count(limits.pool_size, value, 65536);
    case kMaxPerClient:
      return set_count(limits.max_per_client, value, 1'000'000);
    case kMaxQps:
      return set_count(limits.max_qps_per_client, value, 1'000'000);
    case kMaxHandshakes:
      return set_count(limits.max_handshakes_per_client, value, 1'000'000);
    case kUdpWorkers:
      return set_count(limits.udp_workers, value, 64);
    case kAllow:
      return add_network(options.allow, value);
    case kProxyFrom:
      return add_network(options.proxy_from, value);
    case kPin:
      return add_pin(options.upstreams, value);
    case kPinOnly:
      options.pin_only = true;
      return {};
    case kClientCa:
      options.client_ca = value;
      return {};
    case kTicketKeys:
      options.ticket_key_file = value;
      return {};
    case kPolicy:
      if (value != "ordered" && value != "fastest")
        return unexpected(fmt::format("'{}' is not ordered or fastest", value));
      options.fastest = value == "fastest";
      return {};
    case kPad:
      if (value != "edns" && value != "always")
        return unexpected(fmt::format("'{}' is not edns or always", value));
      limits.pad_always = value == "always";
      return {};
    case kRetryOn:
      return set_rcodes(limits.retry_on, value);
    case kCache:
      return set_cache(options.cache, value);
    case kMinTtl:
      return set_seconds(limits.min_ttl, value);
    case kMaxTtl:
      return set_seconds(limits.max_ttl, value);
    case kServeStale:
      return set_seconds(limits.serve_stale, value);
    case kUser:
      return set_user(options.user, value);
    case kLogLevel:
      return set_level(options.log_level, value);
    case kLogFormat:
      return set_format(options.log_format, value);
    case kKeyLog:
      options.instruments.key_log = value;
      return {};
    case kCapture:
      options.instruments.capture = value;
      return {};
    case kTrace:
      options.instruments.trace = value;
      return {};
    case kConfig:
      if (!options.config_file.empty()) return unexpected("one file only");
      if (value.empty()) return unexpected("a file's name is missing");
      options.config_file = value;
      return {};
    case kPrintConfig:
      options.action = Options::Action::print_config;
      return {};
    case kCheck:
      return set_check(options, value);
    case kQueryLog:
      options.instruments.query_log = value;
      return {};
    case kQueryLogPrivacy:
      return set_privacy(options.instruments.query_log_privacy, value);
    case kMetrics:
      return set_metrics(options, value);
    case kHelp:
      options.action = Options::Action::help;
      return {};
    case kVersion:
      options.action = Options::Action::version;
      return {};
    default:
      return unexpected("unknown option");
  }
}

Outcome add_defaults(Options& options) {
  if (options.allow.empty()) options.allow = AccessList::private_networks();
  if (options.listen.empty() && options.handed.empty())
    if (auto added = add_listener(options.listen, "tls://127.0.0.1:8443"); !added) return added;
  if (!options.upstreams.empty()) return {};
  for (const char* uri : {"tls://1.1.1.1:853#cloudflare-dns.com", "tls://8.8.8.8:853#dns.google"})
    if (auto added = add_upstream(options.upstreams, uri); !added) return added;
  return {};
}

Outcome apply_all(const std::vector<Setting>& settings, Options& options) {
  for (const Setting& setting : settings)
    if (auto outcome = apply(setting.flag, setting.value, options); !outcome)
      return unexpected(fmt::format("{}: {}", setting.text(), outcome.error()));
  return check_groups(options, settings);
}

}  // namespace

bool Options::has_names() const {
  return std::ranges::any_of(upstreams, [](const UpstreamOptions& one) { return !one.uri.address; });
}

bool Options::listens(net::Transport transport) const {
  return std::ranges::any_of(listen, [&](const net::Uri& one) { return one.transport == transport; }) ||
         std::ranges::any_of(handed,
                             [&](const HandedSocket& one) { return one.endpoint.transport == transport; });
}

bool Options::can_announce() const {
  const auto is_open = [](const auto& one) { return one.transport == net::Transport::tls && !one.proxied; };
  return std::ranges::any_of(listen, is_open) ||
         std::ranges::any_of(handed, is_open, &HandedSocket::endpoint);
}

bool Options::takes_proxy_headers() const {
  return std::ranges::any_of(listen, &net::Uri::proxied) ||
         std::ranges::any_of(handed, [](const HandedSocket& one) { return one.endpoint.proxied; });
}

bool Options::encrypts() const {
  return std::ranges::any_of(
      upstreams, [](const UpstreamOptions& one) { return one.uri.transport == net::Transport::tls; });
}

bool Options::uses_tls() const {
  return listens(net::Transport::tls) || encrypts();
}

KnownOptions known_options() {
  return kLongOptions;
}

std::expected<Options, std::string> parse_options(int argc, char** argv) {
  const auto words = read_command_line(argc, argv, known_options());
  if (!words) return unexpected(words.error());
  Options options;
  options.settings = *words;
  if (const auto config = std::ranges::find(*words, "config", &Setting::name); config != words->end()) {
    auto file = read_config_file(config->value, known_options());
    if (!file) return unexpected(file.error());
    Options alone;  // what the command line replaces has to be right, too
    if (const auto outcome = apply_all(*file, alone); !outcome) return unexpected(outcome.error());
    options.settings = merge(std::move(*file), *words);
  }
  if (const auto outcome = apply_all(options.settings, options); !outcome) return unexpected(outcome.error());
  auto handed = handed_sockets();
  if (!handed) return unexpected(handed.error());
  options.handed = std::move(*handed);
  if (auto added = add_defaults(options); !added) return unexpected(added.error());
  if (auto fit = check_fit(options); !fit) return unexpected(fit.error());
  if (const char* file = std::getenv("SSLKEYLOGFILE");
      file != nullptr && *file != '\0' && options.uses_tls() &&
      std::ranges::find(options.settings, "keylog", &Setting::name) == options.settings.end()) {
    options.instruments.key_log = file;
    options.settings.push_back({kKeyLog, "keylog", file, "environment SSLKEYLOGFILE"});
  }
  return options;
}
