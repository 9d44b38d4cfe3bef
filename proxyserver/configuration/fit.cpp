#include "proxyserver/configuration/fit.h"

#include <algorithm>
#include <fmt/format.h>

#include "proxyserver/configuration/groups.h"

namespace {

using std::unexpected;

// As it was given.
std::string first_proxied(const std::vector<Setting>& settings) {
  for (const Setting& setting : settings)
    if (setting.name == "listen" && setting.value.starts_with("proxy+")) return "--listen " + setting.value;
  return "a socket of LISTEN_FDS";
}

std::expected<void, std::string> find_misfit(const Options& options) {
  const auto given = [&](std::string_view name) {
    return std::ranges::find(options.settings, name, &Setting::name) != options.settings.end();
  };
  const auto listens = [&](net::Transport transport) { return options.listens(transport); };
  const bool to_tls = options.encrypts();
  if (!listens(net::Transport::tls))
    for (const char* name : {"cert", "key", "client-ca"})
      if (given(name))
        return unexpected(fmt::format("--{}, but no --listen tls://: only TLS has certificates", name));
  if (!listens(net::Transport::tls) && given("ticket-key-file"))
    return unexpected("--ticket-key-file, but no --listen tls://: only TLS has session tickets");
  if (!options.can_announce() && given("announce"))
    return unexpected("--announce, but no --listen tls://: there is nothing to announce");
  if (given("client-ca") && (listens(net::Transport::tcp) || listens(net::Transport::udp)))
    return unexpected("--client-ca, but a tcp:// or udp:// listener asks nobody for a certificate");
  if (options.takes_proxy_headers() && options.proxy_from.empty())
    return unexpected(
        fmt::format("{}: whose PROXY headers are to be believed? Name the load balancer by --proxy-from CIDR",
                    first_proxied(options.settings)));
  if (!options.takes_proxy_headers() && given("proxy-from"))
    return unexpected("--proxy-from, but no --listen proxy+tls:// or proxy+tcp:// that takes a PROXY header");
  if (given("max-handshakes-per-client") && !listens(net::Transport::tls))
    return unexpected("--max-handshakes-per-client, but no --listen tls://: only TLS has handshakes");
  if (given("udp-workers") && !listens(net::Transport::udp))
    return unexpected("--udp-workers, but no --listen udp:// for them to work at");
  if (!to_tls && given("upstream-ca"))
    return unexpected(
        "--upstream-ca, but nothing is checked at tcp:// upstreams: only tls:// has certificates");
  if (!options.uses_tls() && given("keylog"))
    return unexpected(
        "--keylog, but neither listeners nor upstreams are tls://: there are no secrets to log");
  if (options.instruments.query_log.empty() && given("query-log-privacy"))
    return unexpected("--query-log-privacy, but no --query-log in which clients could be named");
  if (!to_tls && given("pin-only"))
    return unexpected("--pin-only, but tcp:// upstreams have no keys to pin: only tls:// has");
  if (!to_tls && options.limits.pad_always)
    return unexpected(
        "--pad always, but what goes to tcp:// upstreams is never padded: only tls:// hides anything");
  if (!options.has_names() && given("bootstrap"))
    return unexpected("--bootstrap, but no --upstream has a name that could be looked up there");
  if (options.cache == 0)
    for (const char* name : {"min-ttl", "max-ttl", "serve-stale"})
      if (given(name)) return unexpected(fmt::format("--{}, but no --cache: no answer is kept", name));
  if (options.limits.min_ttl > options.limits.max_ttl)
    return unexpected(fmt::format("--min-ttl {}, but --max-ttl is {}", options.limits.min_ttl.count(),
                                  options.limits.max_ttl.count()));
  const auto is_alone = [](const UpstreamGroup& group) { return group.upstreams.size() < 2; };
  if (given("retry-on") && std::ranges::all_of(upstream_groups(options.upstreams), is_alone))
    return unexpected("--retry-on, but there is one --upstream only: no other can be asked");
  const auto unpinned = [](const UpstreamOptions& upstream) {
    return upstream.pins.empty() && upstream.uri.transport == net::Transport::tls;
  };
  if (options.pin_only && std::ranges::any_of(options.upstreams, unpinned))
    return unexpected("--pin-only: an upstream without --pin would not be checked at all");
  return {};
}

// A complaint of find_misfit() begins with an option; if the file has that, file and line come before it.
std::string with_line(const std::string& complaint, const std::vector<Setting>& settings) {
  const auto is_about = [&](const Setting& setting) {
    const auto behind = 2 + setting.name.size();
    const bool has_value = complaint.starts_with("--" + setting.name + " ");  // one of several, it may be
    return complaint.starts_with("--" + setting.name) && complaint.find_first_of(" ,:", 2) == behind &&
           (!has_value || std::string_view(complaint).substr(behind + 1).starts_with(setting.value));
  };
  const auto found = std::ranges::find_if(settings, is_about);
  if (found == settings.end() || !found->in_file) return complaint;
  return fmt::format("{}: {}", found->origin, complaint);
}

}  // namespace

std::expected<void, std::string> check_fit(const Options& options) {
  auto fit = find_misfit(options);
  if (!fit) return unexpected(with_line(fit.error(), options.settings));
  return fit;
}
