// Which upstreams are for which names: the groups that --for makes. Pure.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "proxyserver/options.h"

struct UpstreamGroup {
  std::vector<dns::Name> suffixes;     // empty: the general group
  std::vector<std::size_t> upstreams;  // indices into Options::upstreams, in their order
  bool operator==(const UpstreamGroup&) const = default;
};

// The general group first: it may have no upstreams, if all have a --for. Then the others, in the order in
// which their suffixes were first given; suffixes that have the same upstreams are one group.
std::vector<UpstreamGroup> upstream_groups(const std::vector<UpstreamOptions>& upstreams);

// No query that could be encrypted leaves in clear by accident (DESIGN, law 4): the upstreams of one group
// are of one kind; all groups are, but for tcp:// ones that have --for and --clear. `settings`: those that
// the options were made of. The error is a clause that begins with the --upstream at fault.
std::expected<void, std::string> check_groups(const Options& options, const std::vector<Setting>& settings);

// What --clear was said for.
struct InClear {
  std::string suffix;
  std::string upstreams;  // with blanks between
};
std::vector<InClear> suffixes_in_clear(const Options& options);
