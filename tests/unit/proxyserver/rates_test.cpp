// The token buckets: how much, how soon again, and what a crowd of addresses cannot do to them. Times are
// given.
#include "proxyserver/clients/rates.h"

#include "tests/support/catch.h"

namespace {

using std::chrono::milliseconds;

const Rates::Clock::time_point kStart{std::chrono::hours(1)};

ClientKey key(const std::string& address) {
  return client_key(net::SocketAddress::parse(address, 1).value());
}

unsigned taken(Rates& rates, const ClientKey& client, std::size_t per_second, Rates::Clock::time_point now,
               unsigned tries = 1000) {
  unsigned count = 0;
  for (unsigned i = 0; i < tries; ++i) count += rates.take(client, per_second, now) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("a client may do twice its rate at once, then its rate") {
  Rates rates;
  const ClientKey client = key("192.0.2.1");
  CHECK(taken(rates, client, 10, kStart) == 20);
  CHECK(taken(rates, client, 10, kStart + milliseconds(99)) == 0);
  CHECK(taken(rates, client, 10, kStart + milliseconds(100)) == 1);
  CHECK(taken(rates, client, 10, kStart + milliseconds(1100)) == 10);
  CHECK(taken(rates, client, 10, kStart + std::chrono::hours(1)) == 20);
}

TEST_CASE("one per second is two at once") {
  Rates rates;
  CHECK(taken(rates, key("192.0.2.1"), 1, kStart) == 2);
  CHECK(taken(rates, key("192.0.2.1"), 1, kStart + milliseconds(1000)) == 1);
}

TEST_CASE("an IPv4 address and an IPv6 network of 64 bits have a bucket each") {
  Rates rates;
  CHECK(taken(rates, key("192.0.2.1"), 5, kStart) == 10);
  CHECK(taken(rates, key("192.0.2.2"), 5, kStart) == 10);
  CHECK(taken(rates, key("2001:db8::1"), 5, kStart) == 10);
  CHECK(taken(rates, key("2001:db8::2"), 5, kStart) == 0);
  CHECK(taken(rates, key("2001:db8:0:1::1"), 5, kStart) == 10);
}

TEST_CASE("a rate that changes counts from then on, what is used up stays so") {
  Rates rates;
  const ClientKey client = key("192.0.2.1");
  CHECK(taken(rates, client, 10, kStart) == 20);
  CHECK(taken(rates, client, 100, kStart) == 0);
  CHECK(taken(rates, client, 100, kStart + milliseconds(1000)) == 100);
}

TEST_CASE("many addresses do not give back what a client has used up") {
  Rates rates(1, 4711);  // 128 buckets in all
  const std::size_t octets = rates.octets();
  const ClientKey heavy = key("192.0.2.1");
  REQUIRE(taken(rates, heavy, 10, kStart) == 20);
  for (unsigned i = 0; i < 20000; ++i)
    static_cast<void>(rates.take(key("10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) +
                                     "." + std::to_string(i & 255)),
                                 10, kStart));
  CHECK(taken(rates, heavy, 10, kStart) == 0);
  CHECK(taken(rates, heavy, 10, kStart + milliseconds(1000)) <= 10);
  CHECK(rates.octets() == octets);
}

TEST_CASE("the places of clients that have been silent are free for others") {
  Rates rates(1, 4711);
  for (int round = 0; round < 3; ++round)
    for (int i = 0; i < 250; ++i)
      static_cast<void>(rates.take(key("10.0.0." + std::to_string(i)), 10, kStart));
  CHECK(taken(rates, key("192.0.2.1"), 10, kStart + std::chrono::seconds(3)) == 20);
}
