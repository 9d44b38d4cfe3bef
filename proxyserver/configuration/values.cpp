#include "proxyserver/configuration/values.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <ranges>
#include <utility>

#include "common/cli.h"
#include "common/dns/codes.h"
#include "common/tls/pin.h"
#include "proxyserver/asking/announcement.h"

using std::unexpected;

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
  if (upstreams.empty()) return unexpected("it must come after the --upstream that it is for");
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
  if (upstreams.empty()) return unexpected("it must come after the --upstream that it is for");
  UpstreamOptions& upstream = upstreams.back();
  if (upstream.uri.transport == net::Transport::tls) return unexpected("tls:// upstreams are not in clear");
  if (std::exchange(upstream.clear, true)) return unexpected("given twice");
  return {};
}

Outcome add_pin(std::vector<UpstreamOptions>& upstreams, std::string_view text) {
  const auto pin = tls::parse_pin(text);
  if (!pin) return unexpected(pin.error());
  if (upstreams.empty()) return unexpected("a pin must come after the --upstream that it is for");
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
