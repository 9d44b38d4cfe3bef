// --cache: answers that are given again while their time lasts, and questions that are asked once though many
// wait for the answer. Any thread: each shard has a lock of its own, held while one looks and copies.
//
//   find() ──► fresh: the answer, at once
//     └──► nothing: join() ─┬─► nobody has asked: ask ──► the resolver ──► finish(): kept, handed out
//                           ├─► somebody has: wait for that
//                           └─► a stale one is there: refresh, and wait; after kPatience it is given
//
// A flight is a question on its way: the query that was sent for it (the leader), and those that wait with
// it. If the leader's client goes, abandon() names another, which is sent in its place.
//
// A stale answer, and one that ends soon and is asked for often, is asked for by the Refresher. It has no
// client that could leave.
//
// A failure (SERVFAIL, a resolver's or our own) is kept for a second. It never takes the place of an answer.
// A stale answer is then given at once for a while (RFC 8767 §5, "failure recheck timer").
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxyserver/caching/cache_use.h"
#include "proxyserver/caching/shelf.h"
#include "proxyserver/limits.h"
#include "proxyserver/published.h"
#include "proxyserver/upstreams/asker.h"
#include "proxyserver/watching/counters.h"
#include "proxyserver/watching/exposition.h"

class Cache {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::milliseconds kPatience{1800};  // RFC 8767 §5, "client response timer"
  static constexpr std::chrono::seconds kAskAgain{30};         // ibid., "failure recheck timer"
  static constexpr std::uint32_t kStaleTtl = 30;               // seconds, RFC 8767 §4

  // No more than `octets` for what is kept. `limits`, which must outlive this, has what a reload can change.
  Cache(std::size_t octets, const Published<Limits>& limits);

  // Who asks without a client: before threads start.
  void refresh_by(std::shared_ptr<Asker> refresher) { refresher_ = std::move(refresher); }
  const std::shared_ptr<Asker>& refresher() const { return refresher_; }

  // An answer for the client: its ID and spelling of the question, TTLs counted down, the OPT as the resolver
  // gave it but for the options of that hop. `message` views the buffer that was handed over.
  struct Hit {
    dns::MessageView message;
    CacheUse use;
    bool wants_refresh;  // asked for often, and soon over: for one caller, who calls start()
  };
  // nullopt: a miss, and counted as one.
  std::optional<Hit> find(const CacheKey& key, const dns::MessageView& query, Clock::time_point now,
                          Bytes& buffer);

  enum class Joined : std::uint8_t {
    ask,      // it is the leader now: send it
    wait,     // another is
    refresh,  // there is a stale answer, and nobody asks: start() and join again
    found,    // meanwhile: `hit`
  };
  // After a miss; the query has its key. `started`: no refresh any more, rather ask. Sets
  // Query::may_be_stale.
  Joined join(const QueryPtr& query, Clock::time_point now, Bytes& buffer, std::optional<Hit>& hit,
              bool started);
  // A query of the refresher's, with its key: it leads a flight, if there is none yet, and is sent.
  // `in_advance`: before the end of what is kept.
  void start(const QueryPtr& query, bool in_advance);

  // The leader's answer has come, or it has failed: `message` is what its client gets. Keeps it, and returns
  // who waits for it, for the caller to answer. Nothing if it does not lead.
  std::vector<QueryPtr> finish(const QueryPtr& leader, const dns::MessageView& message,
                               Clock::time_point now);
  // Its asker has gone: another leads, and is sent, if one waits. Nothing if it did not lead.
  void pass_on(const QueryPtr& leader);
  // The first half of that: which queries to send now. The first of them leads; none: nobody waits.
  std::vector<QueryPtr> abandon(const QueryPtr& leader);

  // The stale answer for this query, with Extended DNS Error 3 or 19 (RFC 8914 §4.4, §4.20); nullopt: there
  // is none. From then on others get it without waiting.
  std::optional<Hit> stale(const Query& query, Clock::time_point now, Bytes& buffer);

  // Whom we trust has changed: nothing of before is given any more.
  void flush();

  struct Load {
    std::size_t entries = 0;
    std::size_t octets = 0;
    std::uint64_t evictions = 0;
  };
  Load load() const;
  void write(Exposition& to) const;  // the samples

 private:
  struct Flight {
    QueryPtr leader;
    std::vector<QueryPtr> waiting;
    unsigned departed = 0;  // leaders whose clients left: after a few, those who wait ask for themselves
    bool keeps = true;      // false: it was asked of somebody who is not trusted any more
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };
  struct Shard {
    explicit Shard(std::size_t octets) : shelf(octets) {}
    mutable std::mutex mutex;  // guards the rest
    Shelf shelf;
    std::unordered_map<std::string, Flight, Hash, std::equal_to<>> flights;  // by key
  };
  enum Event : std::size_t { kHits, kMisses, kStale, kPrefetches, kCoalesced, kEvents };

  Shard& shard(const CacheKey& key) { return *shards_[key.hash() % shards_.size()]; }
  std::optional<Hit> look(Shard& shard, const CacheKey& key, const dns::MessageView& query,
                          Clock::time_point now, Bytes& buffer);
  std::chrono::seconds stale_time() const { return limits_.current().serve_stale; }
  bool may_be_stale(const Shelf::Entry& entry, Clock::time_point now) const;
  Hit copy(const Shelf::Entry& entry, const dns::MessageView& query, Clock::time_point now, CacheUse use,
           Bytes& buffer) const;

  const Published<Limits>& limits_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::shared_ptr<Asker> refresher_;  // null: nothing is refreshed
  Counters counters_{kEvents};
};

// `message` again, for another who asked the same: with this query's ID and its spelling of the question.
// Throws std::length_error if there is no room for that, so no such question.
void readdress(Bytes& message, const dns::MessageView& query);
