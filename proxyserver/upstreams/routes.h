// --for: names that have resolvers of their own, a group of them. The longest suffix at or above a name
// decides; what is below none belongs to the general group. A query never leaves its group: whatever is tried
// for it, another connection, a copy, a trial or a race, is tried within, and where all fail it is SERVFAIL.
//
// Each group has Upstream objects of its own, even where two groups name one resolver: so a connection
// carries the queries of one group only. Built before threads start; then read by all, without a lock.
#pragma once

#include <memory>
#include <vector>

#include "common/dns/name.h"
#include "proxyserver/upstreams/upstreams.h"

class Routes {
 public:
  // A group, still empty, for these suffixes: one at least, none the root, none given before. `fastest`: as
  // Upstreams has it.
  Upstreams& add(const std::vector<dns::Name>& suffixes, bool fastest);

  // The group of a name, which is as on the wire, and not compressed; null: the general one. Allocates
  // nothing.
  Upstreams* find(ByteView name) const;

  const std::vector<std::unique_ptr<Upstreams>>& groups() const { return groups_; }
  bool empty() const { return groups_.empty(); }
  // The upstreams of that group, and of all that are here, as they are now; good as Upstreams::list() is.
  Upstreams::List all_with(const Upstreams& general) const;

 private:
  struct Entry {
    dns::Name suffix;
    Upstreams* group;
    std::size_t size() const { return suffix.wire().size(); }
  };

  std::vector<std::unique_ptr<Upstreams>> groups_;
  std::vector<Entry> entries_;  // by size
};
