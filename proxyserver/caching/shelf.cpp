#include "proxyserver/caching/shelf.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <malloc.h>
#include <new>

namespace {

constexpr std::size_t kOctetsPerBucket = 256;             // about what an entry takes
constexpr std::size_t kHeapHeader = sizeof(std::size_t);  // glibc's, before each block

}  // namespace

// Behind the facts: TTLs' places, key, message.
std::span<const std::uint16_t> Shelf::Entry::ttls() const {
  return {reinterpret_cast<const std::uint16_t*>(this + 1), ttl_count_};
}

ByteView Shelf::Entry::key() const {
  const std::span<const std::uint16_t> before = ttls();
  return {reinterpret_cast<const std::uint8_t*>(before.data() + before.size()), key_size_};
}

ByteView Shelf::Entry::wire() const {
  return {key().data() + key_size_, wire_size_};
}

Shelf::Shelf(std::size_t octets)
    : most_(octets),
      mask_(std::bit_floor(std::max<std::size_t>(octets / kOctetsPerBucket, 1)) - 1),
      buckets_(std::make_unique<Entry*[]>(mask_ + 1)),
      octets_((mask_ + 1) * sizeof(Entry*)) {}

Shelf::~Shelf() {
  clear();
}

Shelf::Entry* Shelf::find(const CacheKey& key) {
  for (Entry* entry = bucket(key.hash()); entry != nullptr; entry = entry->next_) {
    if (entry->hash_ != key.hash() || !std::ranges::equal(entry->key(), key.octets())) continue;
    if (entry != newest_) {
      unlink(*entry);
      use(*entry);
    }
    return entry;
  }
  return nullptr;
}

bool Shelf::put(const CacheKey& key, const Keepable& answer, Clock::time_point now) {
  if (Entry* const old = find(key)) erase(*old);
  const std::size_t size = sizeof(Entry) + 2 * answer.ttls.size() + key.octets().size() + answer.wire.size();
  if (size > most_ / 4) return false;  // it would cost many others their place
  void* const block = ::operator new(size, std::nothrow);
  if (block == nullptr) return false;
  Entry* const entry = new (block) Entry;
  entry->stored = now;
  entry->ask_again = now;
  entry->lifetime = static_cast<std::uint32_t>(answer.lifetime.count());
  entry->opt = answer.opt;
  entry->is_failure = answer.is_failure;
  entry->hash_ = key.hash();
  entry->octets_ = malloc_usable_size(block) + kHeapHeader;
  entry->ttl_count_ = static_cast<std::uint16_t>(answer.ttls.size());
  entry->key_size_ = static_cast<std::uint16_t>(key.octets().size());
  entry->wire_size_ = static_cast<std::uint16_t>(answer.wire.size());
  auto* const octets = reinterpret_cast<std::uint8_t*>(entry + 1);
  if (!answer.ttls.empty()) std::memcpy(octets, answer.ttls.data(), 2 * answer.ttls.size());
  std::ranges::copy(key.octets(), octets + 2 * answer.ttls.size());
  std::ranges::copy(answer.wire, octets + 2 * answer.ttls.size() + entry->key_size_);

  // Room first: at no time is there more than may be.
  while (oldest_ != nullptr && octets_ + entry->octets_ > most_) {
    erase(*oldest_);
    ++evictions_;
  }
  entry->next_ = bucket(entry->hash_);
  bucket(entry->hash_) = entry;
  use(*entry);
  octets_ += entry->octets_;
  ++entries_;
  return true;
}

void Shelf::erase(Entry& entry) {
  Entry** link = &bucket(entry.hash_);
  while (*link != &entry) link = &(*link)->next_;
  *link = entry.next_;
  unlink(entry);
  octets_ -= entry.octets_;
  --entries_;
  ::operator delete(&entry);
}

void Shelf::clear() {
  while (oldest_ != nullptr) erase(*oldest_);
}

void Shelf::unlink(Entry& entry) {
  (entry.newer_ != nullptr ? entry.newer_->older_ : newest_) = entry.older_;
  (entry.older_ != nullptr ? entry.older_->newer_ : oldest_) = entry.newer_;
}

void Shelf::use(Entry& entry) {
  entry.newer_ = nullptr;
  entry.older_ = newest_;
  (newest_ != nullptr ? newest_->newer_ : oldest_) = &entry;
  newest_ = &entry;
}
