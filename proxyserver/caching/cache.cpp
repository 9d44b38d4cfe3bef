#include "proxyserver/caching/cache.h"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

#include "common/dns/codes.h"
#include "common/dns/edns.h"

namespace {

using std::chrono::seconds;

constexpr std::size_t kMostShards = 16;
constexpr std::size_t kLeastShard = std::size_t{1} << 20;  // octets
constexpr unsigned kMostDepartures = 2;
constexpr std::uint8_t kOften = 2;     // hits, before a last one
constexpr std::size_t kOptFixed = 11;  // an OPT without options

std::string_view name_of_flight(const CacheKey& key) {
  return {reinterpret_cast<const char*>(key.octets().data()), key.octets().size()};
}

seconds age_of(const Shelf::Entry& entry, Shelf::Clock::time_point now) {
  return std::chrono::duration_cast<seconds>(std::max(now - entry.stored, Shelf::Clock::duration::zero()));
}

void put_u16(Bytes& wire, std::size_t at, std::size_t value) {
  wire[at] = static_cast<std::uint8_t>(value >> 8);
  wire[at + 1] = static_cast<std::uint8_t>(value);
}

std::size_t u16_at(const Bytes& wire, std::size_t at) {
  return std::size_t{wire[at]} << 8 | wire[at + 1];
}

// TTLs that have grown smaller by `age`, or are `fixed`.
void set_ttls(Bytes& wire, std::span<const std::uint16_t> places, std::uint32_t age,
              std::optional<std::uint32_t> fixed) {
  for (const std::size_t at : places) {
    std::uint32_t ttl = 0;
    for (std::size_t i = 0; i < 4; ++i) ttl = ttl << 8 | wire[at + i];
    ttl = fixed ? *fixed : ttl - std::min(ttl, age);
    for (std::size_t i = 0; i < 4; ++i) wire[at + i] = static_cast<std::uint8_t>(ttl >> (24 - 8 * i));
  }
}

// Behind the last option of the OPT, which is the last record.
void add_stale_error(Bytes& wire, std::size_t opt, bool no_such_name) {
  if (wire.size() + 6 > dns::kLargestMessage) return;
  const std::size_t length = u16_at(wire, opt + kOptFixed - 2);
  const std::size_t at = wire.size();
  wire.resize(at + 6);
  put_u16(wire, at, dns::option::EXTENDED_ERROR);
  put_u16(wire, at + 2, 2);
  put_u16(wire, at + 4, no_such_name ? dns::ede::STALE_NXDOMAIN : dns::ede::STALE_ANSWER);
  put_u16(wire, opt + kOptFixed - 2, length + 6);
}

}  // namespace

void readdress(Bytes& message, const dns::MessageView& query) {
  if (message.size() < dns::kHeaderSize + query.question.size())
    throw std::length_error("an answer without the question");
  put_u16(message, 0, query.header.id);
  std::ranges::copy(query.question, message.begin() + dns::kHeaderSize);
}

Cache::Cache(std::size_t octets, const Published<Limits>& limits) : limits_(limits) {
  const std::size_t count = std::clamp<std::size_t>(octets / kLeastShard, 1, kMostShards);
  for (std::size_t i = 0; i < count; ++i) shards_.push_back(std::make_unique<Shard>(octets / count));
}

bool Cache::may_be_stale(const Shelf::Entry& entry, Clock::time_point now) const {
  return !entry.is_failure && age_of(entry, now) < seconds(entry.lifetime) + stale_time();
}

// Of an entry all is known: no octet is looked at but those that change.
Cache::Hit Cache::copy(const Shelf::Entry& entry, const dns::MessageView& query, Clock::time_point now,
                       CacheUse use, Bytes& buffer) const {
  const ByteView wire = entry.wire();
  buffer.assign(wire.begin(), wire.end());
  readdress(buffer, query);
  const bool stale = use == CacheUse::stale;
  set_ttls(buffer, entry.ttls(), static_cast<std::uint32_t>(age_of(entry, now).count()),
           stale ? std::optional(kStaleTtl) : std::nullopt);
  if (stale && entry.opt != 0) add_stale_error(buffer, entry.opt, (buffer[3] & 0x0f) == dns::rcode::NXDOMAIN);
  dns::WireReader reader(buffer);
  Hit hit{{.bytes = buffer, .header = dns::decode_header(reader)}, use, false};
  hit.message.question = hit.message.bytes.subspan(dns::kHeaderSize, query.question.size());
  hit.message.qtype = query.qtype;
  hit.message.qclass = query.qclass;
  if (const std::size_t opt = entry.opt; opt != 0)
    hit.message.opt = dns::OptView{opt,
                                   opt + kOptFixed,
                                   buffer.size(),
                                   static_cast<std::uint16_t>(u16_at(buffer, opt + 3)),
                                   buffer[opt + 6],
                                   buffer[opt + 5]};
  return hit;
}

// Under the shard's lock.
std::optional<Cache::Hit> Cache::look(Shard& shard, const CacheKey& key, const dns::MessageView& query,
                                      Clock::time_point now, Bytes& buffer) {
  Shelf::Entry* const entry = shard.shelf.find(key);
  if (entry == nullptr) return std::nullopt;
  const auto age = std::max(now - entry->stored, Clock::duration::zero());
  const seconds lifetime(entry->lifetime);
  if (age < lifetime) {
    Hit hit = copy(*entry, query, now, CacheUse::fresh, buffer);
    hit.wants_refresh = refresher_ != nullptr && !entry->is_failure && !entry->refreshed &&
                        entry->hits >= kOften && age >= lifetime - lifetime / 10.0;
    if (hit.wants_refresh) entry->refreshed = true;
    if (entry->hits < 255) ++entry->hits;
    return hit;
  }
  if (!may_be_stale(*entry, now)) {
    shard.shelf.erase(*entry);
    return std::nullopt;
  }
  if (entry->ask_again <= now) return std::nullopt;
  return copy(*entry, query, now, CacheUse::stale, buffer);
}

std::optional<Cache::Hit> Cache::find(const CacheKey& key, const dns::MessageView& query,
                                      Clock::time_point now, Bytes& buffer) {
  Shard& here = shard(key);
  const std::lock_guard lock(here.mutex);
  auto hit = look(here, key, query, now, buffer);
  counters_.add(!hit ? kMisses : hit->use == CacheUse::stale ? kStale : kHits);
  return hit;
}

Cache::Joined Cache::join(const QueryPtr& query, Clock::time_point now, Bytes& buffer,
                          std::optional<Hit>& hit, bool started) {
  const CacheKey& key = *query->key;
  const std::string_view name = name_of_flight(key);
  Shard& here = shard(key);
  const std::lock_guard lock(here.mutex);
  hit = look(here, key, query->view, now, buffer);
  if (hit && hit->use == CacheUse::stale) counters_.add(kStale);
  if (hit) return Joined::found;
  const auto flight = here.flights.find(name);
  const bool has_stale = here.shelf.find(key) != nullptr;  // look() has cleared away what is too old
  if (flight == here.flights.end() && has_stale && refresher_ != nullptr && !started) return Joined::refresh;
  query->may_be_stale = has_stale;
  if (flight != here.flights.end() && !flight->second.keeps) return Joined::ask;  // alone: see flush()
  if (flight != here.flights.end() && !flight->second.leader->waiting) {  // it has ended, and brings nothing
    flight->second.leader = query;
    return Joined::ask;
  }
  if (flight == here.flights.end()) {
    here.flights.emplace(name, Flight{query, {}});
    return Joined::ask;
  }
  flight->second.waiting.push_back(query);
  counters_.add(kCoalesced);
  return Joined::wait;
}

void Cache::start(const QueryPtr& query, bool in_advance) {
  Shard& here = shard(*query->key);
  {
    const std::lock_guard lock(here.mutex);
    if (!here.flights.emplace(name_of_flight(*query->key), Flight{query, {}}).second) return;
  }
  if (in_advance) counters_.add(kPrefetches);
  if (!refresher_->give_back({query, Returned::Why::first, nullptr, nullptr})) pass_on(query);
}

std::vector<QueryPtr> Cache::finish(const QueryPtr& leader, const dns::MessageView& message,
                                    Clock::time_point now) {
  const Limits& limits = limits_.current();
  Keepable answer;
  bool keepable = false;
  try {
    keepable = may_keep(message, {limits.min_ttl, limits.max_ttl}, answer);
  } catch (const std::bad_alloc&) {  // it is given to those who wait, all the same
  }
  Shard& here = shard(*leader->key);
  std::vector<QueryPtr> waiting;
  const std::lock_guard lock(here.mutex);
  const auto flight = here.flights.find(name_of_flight(*leader->key));
  if (flight == here.flights.end() || flight->second.leader != leader) return waiting;
  const bool keeps = flight->second.keeps;
  waiting = std::move(flight->second.waiting);
  here.flights.erase(flight);
  if (!keepable || !keeps) return waiting;
  Shelf::Entry* const before = answer.is_failure ? here.shelf.find(*leader->key) : nullptr;
  if (before != nullptr && may_be_stale(*before, now))
    before->ask_again = now + kAskAgain;
  else
    here.shelf.put(*leader->key, answer, now);
  return waiting;
}

std::vector<QueryPtr> Cache::abandon(const QueryPtr& leader) {
  Shard& here = shard(*leader->key);
  const std::lock_guard lock(here.mutex);
  const auto found = here.flights.find(name_of_flight(*leader->key));
  if (found == here.flights.end() || found->second.leader != leader) return {};
  Flight& flight = found->second;
  std::erase_if(flight.waiting, [](const QueryPtr& one) { return !one->waiting; });
  if (flight.waiting.empty()) {
    here.flights.erase(found);
    return {};
  }
  flight.leader = flight.waiting.front();
  if (++flight.departed > kMostDepartures) return std::exchange(flight.waiting, {});
  flight.waiting.erase(flight.waiting.begin());
  return {flight.leader};
}

// One whose asker ends at this moment is passed on by that.
void Cache::pass_on(const QueryPtr& leader) {
  for (const QueryPtr& next : abandon(leader))
    next->asker->give_back({next, Returned::Why::first, nullptr, nullptr});
}

std::optional<Cache::Hit> Cache::stale(const Query& query, Clock::time_point now, Bytes& buffer) {
  Shard& here = shard(*query.key);
  const std::lock_guard lock(here.mutex);
  Shelf::Entry* const entry = here.shelf.find(*query.key);
  if (entry == nullptr || !may_be_stale(*entry, now)) return std::nullopt;
  entry->ask_again = std::max(entry->ask_again, now + kAskAgain);
  counters_.add(kStale);
  return copy(*entry, query.view, now, CacheUse::stale, buffer);
}

void Cache::flush() {
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    shard->shelf.clear();
    for (auto& [name, flight] : shard->flights) flight.keeps = false;
  }
}

Cache::Load Cache::load() const {
  Load load;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    load.entries += shard->shelf.entries();
    load.octets += shard->shelf.octets();
    load.evictions += shard->shelf.evictions();
  }
  return load;
}

void Cache::write(Exposition& to) const {
  const Load now = load();
  const auto counter = [&](const char* name, const char* help, std::uint64_t value) {
    to.counter(name, help);
    to.sample({}, value);
  };
  counter("dot_proxy_cache_hits_total", "Queries that were answered out of the cache, not stale.",
          counters_.total(kHits));
  counter("dot_proxy_cache_misses_total", "Queries for which the cache had nothing to give at once.",
          counters_.total(kMisses));
  counter("dot_proxy_cache_stale_total", "Queries that got an answer that had expired (--serve-stale).",
          counters_.total(kStale));
  counter("dot_proxy_cache_coalesced_total",
          "Queries that waited with another one for the same answer, rather than being sent.",
          counters_.total(kCoalesced));
  counter("dot_proxy_cache_prefetches_total", "Answers that were asked for again shortly before their end.",
          counters_.total(kPrefetches));
  counter("dot_proxy_cache_evictions_total", "Answers that had to make room for others.", now.evictions);
  to.gauge("dot_proxy_cache_entries", "Answers in the cache.");
  to.sample({}, std::uint64_t{now.entries});
  to.gauge("dot_proxy_cache_octets", "Memory of the cache, with all that belongs to its entries.");
  to.sample({}, std::uint64_t{now.octets});
}
