#include "proxyserver/configuration/groups.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace {

using std::unexpected;

bool is_clear(const UpstreamOptions& upstream) {
  return upstream.uri.transport != net::Transport::tls;
}

// As it was given, with the line that it is in.
std::string text_of(const Options& options, std::size_t upstream, const std::vector<Setting>& settings) {
  std::size_t index = 0;
  for (const Setting& setting : settings)
    if (setting.name == "upstream" && index++ == upstream) return setting.text();
  return "--upstream " + options.upstreams[upstream].uri.to_string();
}

}  // namespace

std::vector<UpstreamGroup> upstream_groups(const std::vector<UpstreamOptions>& upstreams) {
  UpstreamGroup general;
  std::vector<std::pair<dns::Name, std::vector<std::size_t>>> by_suffix;
  for (std::size_t i = 0; i < upstreams.size(); ++i) {
    if (upstreams[i].suffixes.empty()) general.upstreams.push_back(i);
    for (const dns::Name& suffix : upstreams[i].suffixes) {
      if (suffix.is_root()) {
        general.upstreams.push_back(i);
        continue;
      }
      auto known = std::ranges::find(by_suffix, suffix, [](const auto& one) { return one.first; });
      if (known == by_suffix.end())
        known = by_suffix.insert(known, std::pair{suffix, std::vector<std::size_t>{}});
      known->second.push_back(i);
    }
  }
  std::vector<UpstreamGroup> groups = {std::move(general)};
  for (auto& [suffix, members] : by_suffix) {
    const auto same = std::find_if(groups.begin() + 1, groups.end(),
                                   [&](const UpstreamGroup& one) { return one.upstreams == members; });
    if (same != groups.end())
      same->suffixes.push_back(suffix);
    else
      groups.push_back({{suffix}, members});
  }
  return groups;
}

std::expected<void, std::string> check_groups(const Options& options, const std::vector<Setting>& settings) {
  const std::vector<UpstreamOptions>& all = options.upstreams;
  const auto wrong = [&](std::size_t upstream, std::string_view why) {
    return unexpected(fmt::format("{}: {}", text_of(options, upstream, settings), why));
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].clear && all[i].suffixes.empty())
      return wrong(i, "--clear, but no --for: it is for names of a suffix, which --for gives");
    if (is_clear(all[i]) && !all[i].suffixes.empty() && !all[i].clear)
      return wrong(i, fmt::format("what is asked for {} would leave in clear: --clear behind --for says that "
                                  "it may",
                                  all[i].suffixes.front().to_string()));
    if (is_clear(all[i]) && !all[i].clear && options.encrypts())
      return wrong(i,
                   "tls:// and tcp:// upstreams cannot be mixed: a query meant for TLS would leave in clear; "
                   "names of a suffix may, by --for SUFFIX --clear");
  }
  for (const UpstreamGroup& group : upstream_groups(all))
    for (const std::size_t member : group.upstreams)
      if (is_clear(all[member]) != is_clear(all[group.upstreams.front()]))
        return wrong(member,
                     fmt::format("tls:// and tcp:// upstreams cannot be mixed for {}: a query meant for TLS "
                                 "would leave in clear",
                                 group.suffixes.empty() ? "all names" : group.suffixes.front().to_string()));
  return {};
}

std::vector<InClear> suffixes_in_clear(const Options& options) {
  std::vector<InClear> found;
  for (const UpstreamOptions& upstream : options.upstreams) {
    if (!upstream.clear) continue;
    for (const dns::Name& suffix : upstream.suffixes) {
      const std::string text = suffix.to_string();
      const auto known = std::ranges::find(found, text, &InClear::suffix);
      if (known != found.end())
        known->upstreams += " " + upstream.uri.to_string();
      else
        found.push_back({text, upstream.uri.to_string()});
    }
  }
  return found;
}
