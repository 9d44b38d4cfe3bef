#include "proxyserver/options.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fmt/format.h>
#include <getopt.h>
#include <ranges>
#include <utility>

#include "common/cli.h"
#include "common/dns/codes.h"
#include "common/tls/pin.h"
#include "proxyserver/configuration/fit.h"
#include "proxyserver/configuration/groups.h"

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

// Each assigns what it has parsed; the error is a clause.
using Outcome = std::expected<void, std::string>;

Outcome set_duration(Limits::Milliseconds& target, std::string_view text) {
  const auto value = cli::parse_duration(text);
  if (!value) return unexpected(value.error());
  target = *value;
  return {};
}

Outcome set_count(std::size_t& target, std::string_view text, long most) {
  const auto value = cli::parse_number(text, 1, most);
  if (!value) return unexpected(value.error());
  target = static_cast<std::size_t>(*value);
  return {};
}

// Of the cache, in megabytes.
Outcome set_cache(std::size_t& target, std::string_view text) {
  const auto value = cli::parse_number(text, 1, 65536);
  if (!value) return unexpected(value.error());
  target = static_cast<std::size_t>(*value) << 20;
  return {};
}

Outcome set_seconds(std::chrono::seconds& target, std::string_view text) {
  constexpr long kWeek = 604'800;
  const auto value = cli::parse_number(text, 1, kWeek);
  if (!value) return unexpected(value.error());
  target = std::chrono::seconds(*value);
  return {};
}

Outcome set_level(logging::Level& target, std::string_view text) {
  constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warning", "error"};
  const auto name = std::ranges::find(kNames, text);
  if (name == kNames.end()) return unexpected(fmt::format("'{}' is not debug, info, warning or error", text));
  target = static_cast<logging::Level>(name - kNames.begin());
  return {};
}

Outcome set_format(logging::Format& target, std::string_view text) {
  if (text != "text" && text != "json") return unexpected(fmt::format("'{}' is not text or json", text));
  target = text == "json" ? logging::Format::json : logging::Format::text;
  return {};
}

Outcome set_privacy(ClientPrivacy& target, std::string_view text) {
  constexpr std::array<std::string_view, 3> kNames = {"full", "hash", "none"};
  const auto name = std::ranges::find(kNames, text);
  if (name == kNames.end()) return unexpected(fmt::format("'{}' is not full, hash or none", text));
  target = static_cast<ClientPrivacy>(name - kNames.begin());
  return {};
}

// Rcodes by which a resolver says that it could not, or would not: another one may.
Outcome set_rcodes(std::vector<std::uint16_t>& target, std::string_view text) {
  target.clear();
  for (const auto word : std::views::split(text, ',')) {
    const std::string_view name(word);
    if (name == "servfail")
      target.push_back(dns::rcode::SERVFAIL);
    else if (name == "refused")
      target.push_back(dns::rcode::REFUSED);
    else
      return unexpected(fmt::format("'{}' is not servfail or refused", name));
  }
  if (target.empty()) return unexpected("not servfail or refused");
  return {};
}

Outcome add_listener(std::vector<net::Uri>& listeners, std::string_view text) {
  // DoT's port is 853 by RFC 7858 §3.1; 8443 is the demo's, by default only.
  const auto uri = net::parse_listener(text);
  if (!uri) return unexpected(uri.error());
  if (!uri->auth_name.empty()) return unexpected("a listener takes no #NAME");
  const auto is_same = [&](const net::Uri& other) { return other.to_string() == uri->to_string(); };
  if (uri->port != 0 && std::ranges::any_of(listeners, is_same)) return unexpected("given twice");
  listeners.push_back(*uri);
  return {};
}

Outcome add_upstream(std::vector<UpstreamOptions>& upstreams, std::string_view text) {
  auto uri = net::parse_uri(text);
  if (!uri) return unexpected(uri.error());
  if (uri->transport == net::Transport::udp) return unexpected("an upstream is asked over tls:// or tcp://");
  if (uri->port == 0) return unexpected("an upstream's port cannot be 0");
  if (uri->transport == net::Transport::tls && !uri->address && uri->auth_name.empty())
    uri->auth_name = uri->host;  // RFC 8310 §8.1
  const auto is_same = [&](const UpstreamOptions& other) {
    return other.uri.to_string() == uri->to_string();
  };
  if (std::ranges::any_of(upstreams, is_same)) return unexpected("given twice");
  upstreams.push_back({std::move(*uri), {}});
  return {};
}

// A name, not an address: what is looked up of an address is a name below in-addr.arpa or ip6.arpa.
Outcome add_suffix(std::vector<UpstreamOptions>& upstreams, std::string_view text) {
  if (upstreams.empty()) return unexpected("it belongs behind the --upstream that it is for");
  if (const std::string complaint = net::complaint_about_name(text); !complaint.empty())
    return unexpected(complaint);
  if (text == "@") return unexpected("the root, which is for all other names, is '.'");
  if (text.starts_with("*.")) return unexpected("names below it are meant without '*.', too");
  const auto suffix = dns::Name::parse(text);
  if (!suffix) return unexpected(fmt::format("'{}': {}", text, suffix.error().what));
  if (text.ends_with('.')) text.remove_suffix(1);
  const std::string_view last = text.substr(text.find_last_of('.') + 1);
  if (!last.empty() && last.find_first_not_of("0123456789/") == last.npos)
    return unexpected("an address is none: the names of 10.0.0.0/8, say, are below 10.in-addr.arpa");
  std::vector<dns::Name>& suffixes = upstreams.back().suffixes;
  if (std::ranges::find(suffixes, *suffix) != suffixes.end()) return unexpected("given twice");
  suffixes.push_back(*suffix);
  return {};
}

Outcome set_clear(std::vector<UpstreamOptions>& upstreams) {
  if (upstreams.empty()) return unexpected("it belongs behind the --upstream that it is for");
  UpstreamOptions& upstream = upstreams.back();
  if (upstream.uri.transport == net::Transport::tls) return unexpected("tls:// upstreams are not in clear");
  if (std::exchange(upstream.clear, true)) return unexpected("given twice");
  return {};
}

Outcome add_pin(std::vector<UpstreamOptions>& upstreams, std::string_view text) {
  const auto pin = tls::parse_pin(text);
  if (!pin) return unexpected(pin.error());
  if (upstreams.empty()) return unexpected("a pin belongs behind the --upstream that it is for");
  if (upstreams.back().uri.transport != net::Transport::tls) return unexpected("only tls:// has keys to pin");
  upstreams.back().pins.push_back(*pin);
  return {};
}

Outcome set_bootstrap(Options& options, std::string_view text) {
  const auto endpoint = net::parse_endpoint(text, net::Transport::udp);
  if (!endpoint) return unexpected(endpoint.error());
  if (endpoint->transport != net::Transport::udp || endpoint->address.port() == 0)
    return unexpected("it is asked in plain DNS: ADDR or ADDR:PORT");
  options.bootstrap = endpoint->address;
  return {};
}

Outcome set_metrics(Options& options, std::string_view text) {
  const std::size_t bracket = text.find(']');  // of an IPv6 address
  const bool has_port = std::ranges::count(text.substr(bracket == text.npos ? 0 : bracket), ':') == 1;
  const auto endpoint = net::parse_endpoint(text, net::Transport::tcp);
  if (!endpoint) return unexpected(endpoint.error());
  if (endpoint->transport != net::Transport::tcp || !endpoint->auth_name.empty() ||
      text.find('/') != text.npos || !has_port)
    return unexpected("it is served over HTTP at ADDR:PORT, such as 127.0.0.1:9153");
  options.metrics = endpoint->address;
  options.instruments.metrics = true;
  return {};
}

Outcome add_network(AccessList& list, std::string_view text) {
  const auto network = Network::parse(text);
  if (!network) return unexpected(network.error());
  list.add(*network);
  return {};
}

Outcome set_announced(std::string& target, std::string_view text) {
  target = text;
  if (std::string complaint = complaint_about_announced(target); !complaint.empty())
    return unexpected(std::move(complaint));
  return {};
}

Outcome set_user(std::string& target, std::string_view text) {
  if (text.empty() || text.starts_with(':') || text.ends_with(':'))
    return unexpected(fmt::format("'{}' is not NAME or NAME:GROUP", text));
  target = text;
  return {};
}

Outcome set_check(Options& options, std::string_view text) {
  if (!text.empty() && text != "online") return unexpected(fmt::format("'{}' is not online", text));
  options.action = Options::Action::check;
  options.check_online = text == "online";
  return {};
}

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
