#include "proxyserver/upstreams/in_flight.h"

#include <cassert>
#include <cerrno>
#include <sys/random.h>
#include <system_error>
#include <utility>

namespace {
constexpr std::size_t kFirstSize = 8;
constexpr std::size_t kLargestSize = 65536;  // then the low bits are the whole ID
}  // namespace

std::uint16_t RandomIds::next() {
  if (left_ == 0) {
    // So few octets come whole or not at all (getrandom(2): up to 256 are never cut short).
    while (getrandom(drawn_.data(), sizeof drawn_, 0) != sizeof drawn_)
      if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "getrandom");
    left_ = drawn_.size();
  }
  return drawn_[--left_];
}

std::uint16_t InFlight::add(QueryPtr query, bool gathered, Clock::time_point now) {
  if (2 * (taken_ + 1) > slots_.size()) grow();
  std::uint16_t id = 0;
  do id = ids_.next();
  while (slots_[id & (slots_.size() - 1)].query != nullptr);

  slots_[id & (slots_.size() - 1)] = {std::move(query), now, id, gathered, false, true, newest_, id};
  ++taken_;
  if (awaited_++ == 0)
    oldest_ = id;
  else
    find(newest_)->newer = id;
  newest_ = id;
  return id;
}

InFlight::Entry* InFlight::find(std::uint16_t id) {
  if (slots_.empty()) return nullptr;
  Entry& entry = slots_[id & (slots_.size() - 1)];
  return entry.query != nullptr && entry.id == id ? &entry : nullptr;
}

QueryPtr InFlight::remove(Entry& entry) {
  if (entry.awaited) leave_order(entry);
  --taken_;
  return std::exchange(entry.query, nullptr);
}

void InFlight::leave_order(Entry& entry) {
  entry.awaited = false;
  --awaited_;
  if (awaited_ == 0) return;
  if (entry.id == oldest_)
    oldest_ = entry.newer;
  else
    find(entry.older)->newer = entry.newer;
  if (entry.id == newest_)
    newest_ = entry.older;
  else
    find(entry.newer)->older = entry.older;
}

InFlight::Entry* InFlight::oldest() {
  while (awaited_ > 0) {
    Entry& entry = *find(oldest_);
    if (entry.query->waiting.load(std::memory_order_relaxed)) return &entry;
    leave_order(entry);
  }
  return nullptr;
}

InFlight::Entry* InFlight::oldest_not_hedged() {
  Entry* entry = oldest();
  while (entry != nullptr && entry->hedged) entry = entry->id == newest_ ? nullptr : find(entry->newer);
  return entry;
}

std::vector<QueryPtr> InFlight::take_all() {
  std::vector<QueryPtr> taken;
  taken.reserve(awaited_);
  for_each_awaited([&](Entry& entry) { taken.push_back(std::move(entry.query)); });
  slots_ = std::vector<Entry>();  // "= {}" would keep the memory
  taken_ = awaited_ = 0;
  return taken;
}

void InFlight::release() {
  if (taken_ == 0) slots_ = std::vector<Entry>();
}

void InFlight::grow() {
  assert(slots_.size() < kLargestSize);
  std::vector<Entry> larger(slots_.empty() ? kFirstSize : 2 * slots_.size());
  for (Entry& entry : slots_)
    if (entry.query != nullptr) larger[entry.id & (larger.size() - 1)] = std::move(entry);
  slots_ = std::move(larger);
}
