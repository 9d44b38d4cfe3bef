// Answers that are kept, as many as a number of octets has room for. No lock: the caller has one.
//
//   buckets_[hash] ──► Entry ──► Entry        newest_ ──► Entry ⇄ Entry ⇄ Entry ◄── oldest_
//                                                  used last      used least recently: goes first
//
// An entry is one block of memory: its facts, and behind them the places of its TTLs, the key
// and the message.
#pragma once

#include <chrono>
#include <memory>

#include "proxyserver/caching/cache_key.h"
#include "proxyserver/caching/keeping.h"

class Shelf {
 public:
  using Clock = std::chrono::steady_clock;

  // In no way more than `octets` are used: the entries as the heap has them, and the buckets.
  explicit Shelf(std::size_t octets);
  ~Shelf();
  Shelf(const Shelf&) = delete;
  Shelf& operator=(const Shelf&) = delete;

  struct Entry {
    Clock::time_point stored;
    Clock::time_point ask_again;  // once it has expired: it is given as stale until then, and nobody is asked
    std::uint32_t lifetime;       // seconds
    std::uint16_t opt;            // as Keepable::opt
    std::uint8_t hits = 0;        // that is enough to count to 255
    bool refreshed = false;       // it has been asked for again, before its end
    bool is_failure;

    ByteView wire() const;
    std::span<const std::uint16_t> ttls() const;
    ByteView key() const;

   private:
    friend class Shelf;
    Entry* next_ = nullptr;   // in its bucket
    Entry* newer_ = nullptr;  // by use
    Entry* older_ = nullptr;
    std::uint64_t hash_;
    std::size_t octets_;  // of the heap
    std::uint16_t ttl_count_, key_size_, wire_size_;
  };

  Entry* find(const CacheKey& key);  // null: not there. It counts as used
  // In place of what has that key. False: it is too large, or there is no memory.
  bool put(const CacheKey& key, const Keepable& answer, Clock::time_point now);
  void erase(Entry& entry);
  void clear();

  std::size_t octets() const { return octets_; }
  std::size_t entries() const { return entries_; }
  std::uint64_t evictions() const { return evictions_; }

 private:
  Entry*& bucket(std::uint64_t hash) { return buckets_[(hash >> 32) & mask_]; }
  void unlink(Entry& entry);
  void use(Entry& entry);  // it is the newest

  const std::size_t most_;
  const std::size_t mask_;
  const std::unique_ptr<Entry*[]> buckets_;
  Entry* newest_ = nullptr;
  Entry* oldest_ = nullptr;
  std::size_t octets_;
  std::size_t entries_ = 0;
  std::uint64_t evictions_ = 0;
};
