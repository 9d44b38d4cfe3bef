#include "proxyserver/clients/rates.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kBurst = 2 * kSecond;  // of tokens, whatever the rate

std::uint64_t mixed(std::uint64_t x) {  // every bit depends on every other one (MurmurHash3's last step)
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdU;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53U;
  return x ^ (x >> 33);
}

std::uint64_t hash(const ClientKey& client, std::uint64_t key) {
  std::array<std::uint64_t, 2> halves;
  std::memcpy(halves.data(), client.data(), sizeof halves);
  return mixed(mixed(halves[0] ^ key) + mixed(halves[1] + key));
}

std::uint64_t random_key() {
  std::random_device source;
  return std::uint64_t{source()} << 32 | source();
}

}  // namespace

Rates::Rates(std::size_t sets) : Rates(sets, random_key()) {}

bool Rates::take(const ClientKey& client, std::size_t per_second, Clock::time_point now) {
  const std::int64_t token = kSecond / static_cast<std::int64_t>(per_second);
  const std::int64_t time =
      std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
  const std::uint64_t place = hash(client, hash_key_);
  Shard& shard = shards_[place % kShards];
  const std::lock_guard lock(shard.mutex);
  if (shard.buckets.empty()) shard.buckets.resize(sets_ * kWays);
  const auto first = shard.buckets.begin() + static_cast<std::ptrdiff_t>((place / kShards) % sets_ * kWays);
  const auto last = first + kWays;
  auto bucket = std::find_if(first, last, [&](const Bucket& one) { return one.client == client; });
  if (bucket == last)
    bucket =
        std::min_element(first, last, [](const Bucket& a, const Bucket& b) { return a.full_at < b.full_at; });
  const std::int64_t full_at = std::max(bucket->full_at, time) + token;
  if (full_at - time > kBurst) return false;
  *bucket = {client, full_at};
  return true;
}
