// The values of proxyserver's options, out of their text: options.cpp has the table, and says which is for
// which. Each of these assigns, or adds, what it has parsed. The error is one clause. Pure; any thread.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "proxyserver/options.h"

using Outcome = std::expected<void, std::string>;

Outcome set_duration(Limits::Milliseconds& target, std::string_view text);
Outcome set_count(std::size_t& target, std::string_view text, long most);
Outcome set_cache(std::size_t& target, std::string_view text);             // text: megabytes; target: octets
Outcome set_seconds(std::chrono::seconds& target, std::string_view text);  // at most a week

Outcome set_level(logging::Level& target, std::string_view text);
Outcome set_format(logging::Format& target, std::string_view text);
Outcome set_privacy(ClientPrivacy& target, std::string_view text);
// Rcodes by which a resolver says that it could not, or would not: another one may.
Outcome set_rcodes(std::vector<std::uint16_t>& target, std::string_view text);

Outcome add_listener(std::vector<net::Uri>& listeners, std::string_view text);
Outcome add_upstream(std::vector<UpstreamOptions>& upstreams, std::string_view text);
// These three are about the upstream that was named before.
Outcome add_suffix(std::vector<UpstreamOptions>& upstreams, std::string_view text);
Outcome set_clear(std::vector<UpstreamOptions>& upstreams);
Outcome add_pin(std::vector<UpstreamOptions>& upstreams, std::string_view text);

Outcome set_bootstrap(Options& options, std::string_view text);
Outcome set_metrics(Options& options, std::string_view text);
Outcome add_network(AccessList& list, std::string_view text);
Outcome set_announced(std::string& target, std::string_view text);
Outcome set_user(std::string& target, std::string_view text);
Outcome set_check(Options& options, std::string_view text);
