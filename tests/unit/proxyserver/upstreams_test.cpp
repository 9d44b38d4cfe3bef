// The choice among resolvers, and the penalties of those that fail, on a clock of the test's own.
#include "proxyserver/upstreams/upstreams.h"

#include "common/log.h"
#include "tests/support/catch.h"

namespace {

using Clock = Upstream::Clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Clock::time_point kStart{std::chrono::hours(1)};

// `count` resolvers that nobody connects to.
struct Resolvers {
  Resolvers(bool fastest, int count) : upstreams(fastest) {
    logging::set_level(logging::Level::error);  // no line for each failure here
    for (int i = 1; i <= count; ++i) {
      auto one = std::make_unique<Upstream>(*net::parse_endpoint("tcp://192.0.2." + std::to_string(i)),
                                            tls::ClientOptions{}, 1);
      all.push_back(one.get());
      upstreams.add(std::move(one));
    }
  }
  Upstreams upstreams;
  std::vector<Upstream*> all;
};

}  // namespace

TEST_CASE("in order: the first that serves no penalty, or else the one that failed longest ago") {
  const Resolvers resolvers(false, 2);
  Upstream& first = *resolvers.all[0];
  Upstream& second = *resolvers.all[1];
  first.succeeded(milliseconds(300));
  second.succeeded(milliseconds(1));
  CHECK(&resolvers.upstreams.choose(nullptr, kStart) == &first);
  CHECK(&resolvers.upstreams.choose(&first, kStart) == &second);
  first.failed("test", kStart);
  CHECK(&resolvers.upstreams.choose(nullptr, kStart) == &second);
  second.failed("test", kStart + milliseconds(1));
  CHECK(&resolvers.upstreams.choose(nullptr, kStart + milliseconds(2)) == &first);
  CHECK(&resolvers.upstreams.choose(nullptr, kStart + seconds(1)) == &first);
}

TEST_CASE("the fastest is chosen, and one whose speed nobody knows comes last") {
  Resolvers resolvers(true, 3);
  CHECK(&resolvers.upstreams.choose(nullptr, kStart) == resolvers.all[0]);
  CHECK(resolvers.upstreams.due_for_measuring(kStart) == nullptr);
  resolvers.all[1]->succeeded(milliseconds(20));
  CHECK(&resolvers.upstreams.choose(nullptr, kStart) == resolvers.all[1]);
  resolvers.all[2]->succeeded(milliseconds(10));
  CHECK(&resolvers.upstreams.choose(nullptr, kStart) == resolvers.all[2]);
  resolvers.all[2]->failed("test", kStart);
  CHECK(&resolvers.upstreams.choose(nullptr, kStart) == resolvers.all[1]);
}

TEST_CASE("each that is not the fastest has its turn to be measured, one of them in two seconds") {
  Resolvers resolvers(true, 4);
  resolvers.all[1]->succeeded(milliseconds(10));
  resolvers.all[2]->failed("test", kStart);  // a penalty of 313 ms at most: it misses its first turn
  std::vector<const Upstream*> measured;
  for (auto now = kStart; now < kStart + seconds(9); now += milliseconds(100))
    if (const Upstream* one = resolvers.upstreams.due_for_measuring(now)) measured.push_back(one);
  const auto& all = resolvers.all;
  CHECK(measured == std::vector<const Upstream*>{all[3], all[0], all[2], all[3], all[0]});
}

TEST_CASE("nothing is measured in order, nor where there is one resolver, nor one under a penalty") {
  Resolvers in_order(false, 2);
  Resolvers alone(true, 1);
  Resolvers other_fails(true, 2);
  for (const Resolvers* resolvers : {&in_order, &alone, &other_fails})
    resolvers->all[0]->succeeded(milliseconds(10));
  other_fails.all[1]->failed("test", kStart);
  for (Resolvers* resolvers : {&in_order, &alone, &other_fails})
    CHECK(resolvers->upstreams.due_for_measuring(kStart) == nullptr);
}

TEST_CASE("answer times are smoothed, but what is measured afresh takes the old one's place") {
  const Resolvers resolvers(true, 1);
  Upstream& upstream = *resolvers.all[0];
  upstream.succeeded(milliseconds(80));
  CHECK(upstream.smoothed_time() == milliseconds(80));
  upstream.succeeded(milliseconds(160));
  CHECK(upstream.smoothed_time() == milliseconds(90));
  upstream.succeeded(std::nullopt, true);
  CHECK(upstream.smoothed_time() == milliseconds(90));
  upstream.succeeded(milliseconds(5), true);
  CHECK(upstream.smoothed_time() == milliseconds(5));
  upstream.succeeded(Clock::duration::zero(), true);  // within one turn of a session's loop
  CHECK(upstream.smoothed_time() == Clock::duration(1));
}

TEST_CASE("after ten minutes of failures the penalty is ten seconds at most, and the first success ends it") {
  const Resolvers resolvers(false, 1);
  Upstream& upstream = *resolvers.all[0];
  const auto end = kStart + seconds(600);
  auto now = kStart;
  Clock::duration longest{0};
  for (; now < end; now += milliseconds(100)) {
    upstream.failed("test", now);
    longest = std::max(longest, upstream.penalty_end() - now);
  }
  CHECK(longest > seconds(8));  // of some seventy penalties one at least was made longer by its jitter
  CHECK(longest <= seconds(10));
  upstream.succeeded(milliseconds(1));
  CHECK(upstream.penalty_end() < kStart);
  upstream.failed("test", end);  // counts from the start again
  CHECK(upstream.penalty_end() - end <= milliseconds(313));
}
