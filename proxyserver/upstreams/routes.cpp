#include "proxyserver/upstreams/routes.h"

#include <algorithm>
#include <cassert>
#include <string>

Upstreams& Routes::add(const std::vector<dns::Name>& suffixes, bool fastest) {
  std::string names;
  for (const dns::Name& suffix : suffixes) names += (names.empty() ? "" : " ") + suffix.to_string();
  groups_.push_back(std::make_unique<Upstreams>(fastest, std::move(names)));
  for (const dns::Name& suffix : suffixes) {
    assert(!suffix.is_root());
    entries_.push_back({suffix, groups_.back().get()});
  }
  std::ranges::stable_sort(entries_, {}, &Entry::size);
  return *groups_.back();
}

Upstreams* Routes::find(ByteView name) const {
  // Label by label from the left, so that what is found first is the longest, and begins where a label does.
  for (; name.size() > 1; name = name.subspan(1U + name[0]))
    for (const Entry& entry : std::ranges::equal_range(entries_, name.size(), {}, &Entry::size))
      if (dns::equal_ignoring_case(name, entry.suffix.wire())) return entry.group;
  return nullptr;
}

Upstreams::List Routes::all_with(const Upstreams& general) const {
  Upstreams::List all = general.list();
  for (const auto& group : groups_) all.insert(all.end(), group->list().begin(), group->list().end());
  return all;
}
