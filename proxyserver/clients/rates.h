// How much each client may do in a second: a token bucket per client, with a burst of two seconds' worth. Any
// thread; a lock per shard.
//
// Memory is fixed: 65,536 clients, 1.5 MB, taken at the first use. A bucket that is full again is as good as
// none, so its place is free. Where a client finds no free place among the eight that it may have, it takes
// over the fullest bucket there as it is. So nobody gets more than his share by being pushed out: all that he
// can come back to is a bucket at least as empty as his own. Places are chosen by a hash with a secret key.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

#include "proxyserver/clients/access.h"

class Rates {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kWays = 8;

  // `sets` of kWays buckets in each shard: a power of two. Without a key for the hash it is a random one.
  explicit Rates(std::size_t sets = 512);
  Rates(std::size_t sets, std::uint64_t hash_key) : sets_(sets), hash_key_(hash_key) {}

  // Takes one of this client's tokens: there are `per_second` (1 to 1,000,000) more each second and 2 *
  // `per_second` at most. False: none is left, and nothing has changed. Throws std::bad_alloc, at the first
  // use.
  bool take(const ClientKey& client, std::size_t per_second, Clock::time_point now);

  std::size_t octets() const { return kShards * sets_ * kWays * sizeof(Bucket); }  // at most

 private:
  struct Bucket {
    ClientKey client{};
    std::int64_t full_at = 0;  // when it is full again, in nanoseconds of Clock: what is missing, as a time
  };
  struct Shard {
    std::mutex mutex;
    std::vector<Bucket> buckets;  // empty until used
  };

  const std::size_t sets_;
  const std::uint64_t hash_key_;
  std::array<Shard, kShards> shards_;
};

// Those of a proxy. Datagrams have buckets apart: who sends them in another's name must not use up what that
// one has over TCP and TLS.
struct ClientRates {
  Rates datagrams;
  Rates queries;  // over TCP and TLS
  Rates handshakes;
};
