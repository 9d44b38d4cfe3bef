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
      auto one =
          std::make_unique<Upstream>(*net::parse_endpoint("tcp://192.0.2." + std::to_string(i)), nullptr, 1);
      all.push_back(one.get());
      upstreams.add(std::move(one));
    }
  }
  Upstreams upstreams;
  std::vector<Upstream*> all;
};

}  // namespace

TEST_CASE(
    "in order: the first that does not fail, if all do, one whose penalty is over, or the oldest failure") {
  const Resolvers resolvers(false, 2);
  Upstream& first = *resolvers.all[0];
  Upstream& second = *resolvers.all[1];
  first.succeeded(milliseconds(300), kStart);
  second.succeeded(milliseconds(1), kStart);
  CHECK(&resolvers.upstreams.choose(nullptr, kStart) == &first);
  CHECK(&resolvers.upstreams.choose(&first, kStart) == &second);
  first.failed("test", kStart);
  CHECK(&resolvers.upstreams.choose(nullptr, kStart) == &second);
  CHECK(&resolvers.upstreams.choose(nullptr, kStart + seconds(1)) == &second);  // it works: why try another
  second.failed("test", kStart + milliseconds(1));
  CHECK(&resolvers.upstreams.choose(nullptr, kStart + milliseconds(2)) == &first);
  CHECK(&resolvers.upstreams.choose(nullptr, kStart + seconds(1)) == &first);
  second.succeeded(milliseconds(1), kStart + seconds(2));
  CHECK(&resolvers.upstreams.choose(nullptr, kStart + seconds(2)) == &second);
}

TEST_CASE("of three, the one that is asked beside two others is the third") {
  const Resolvers resolvers(false, 3);
  const auto& all = resolvers.all;
  CHECK(&resolvers.upstreams.choose(all[0], kStart, all[1]) == all[2]);
  const Resolvers two(false, 2);
  CHECK(&two.upstreams.choose(two.all[0], kStart, two.all[1]) == two.all[1]);
}

TEST_CASE("the fastest is chosen, and one whose speed nobody knows comes last") {
  Resolvers resolvers(true, 3);
  CHECK(&resolvers.upstreams.choose(nullptr, kStart) == resolvers.all[0]);
  CHECK(resolvers.upstreams.due_for_trial(kStart) == nullptr);
  resolvers.all[1]->succeeded(milliseconds(20), kStart);
  CHECK(&resolvers.upstreams.choose(nullptr, kStart) == resolvers.all[1]);
  resolvers.all[2]->succeeded(milliseconds(10), kStart);
  CHECK(&resolvers.upstreams.choose(nullptr, kStart) == resolvers.all[2]);
  resolvers.all[2]->failed("test", kStart);
  CHECK(&resolvers.upstreams.choose(nullptr, kStart) == resolvers.all[1]);
}

TEST_CASE("each that is not the fastest has its turn to be measured, one of them in two seconds") {
  Resolvers resolvers(true, 4);
  resolvers.all[1]->succeeded(milliseconds(10), kStart);
  std::vector<const Upstream*> measured;
  for (auto now = kStart; now < kStart + seconds(9); now += milliseconds(100))
    if (const Upstream* one = resolvers.upstreams.due_for_trial(now)) measured.push_back(one);
  const auto& all = resolvers.all;
  CHECK(measured == std::vector<const Upstream*>{all[2], all[3], all[0], all[2], all[3]});
}

TEST_CASE("one that failed is tried once its penalty is over, by one query a second, until it answers") {
  const Resolvers resolvers(false, 2);
  Upstreams& upstreams = const_cast<Upstreams&>(resolvers.upstreams);
  Upstream& first = *resolvers.all[0];
  first.failed("test", kStart);
  CHECK(upstreams.due_for_trial(kStart) == nullptr);
  const auto over = kStart + milliseconds(320);
  CHECK(upstreams.due_for_trial(over) == &first);
  CHECK(upstreams.due_for_trial(over + milliseconds(900)) == nullptr);
  CHECK(upstreams.due_for_trial(over + milliseconds(1000)) == &first);
  first.succeeded(milliseconds(1), over + milliseconds(1100));
  CHECK(upstreams.due_for_trial(over + seconds(9)) == nullptr);
  CHECK(&resolvers.upstreams.choose(nullptr, over + seconds(9)) == &first);
}

TEST_CASE("nothing is measured in order, nor where there is one resolver, nor where none works") {
  Resolvers in_order(false, 2);
  Resolvers alone(true, 1);
  for (const Resolvers* resolvers : {&in_order, &alone})
    resolvers->all[0]->succeeded(milliseconds(10), kStart);
  for (Resolvers* resolvers : {&in_order, &alone})
    CHECK(resolvers->upstreams.due_for_trial(kStart) == nullptr);
  Resolvers none_works(true, 2);
  for (Upstream* one : none_works.all) one->failed("test", kStart);
  CHECK(none_works.upstreams.due_for_trial(kStart + seconds(1)) == nullptr);
}

TEST_CASE("answer times are smoothed, but after a silence the new one takes the old one's place") {
  const Resolvers resolvers(true, 1);
  Upstream& upstream = *resolvers.all[0];
  upstream.succeeded(milliseconds(80), kStart);
  CHECK(upstream.smoothed_time() == milliseconds(80));
  upstream.succeeded(milliseconds(160), kStart + milliseconds(500));
  CHECK(upstream.smoothed_time() == milliseconds(90));
  upstream.succeeded(milliseconds(5), kStart + milliseconds(1600));
  CHECK(upstream.smoothed_time() == milliseconds(5));
  upstream.succeeded(Clock::duration::zero(), kStart + seconds(3));  // within one turn of a session's loop
  CHECK(upstream.smoothed_time() == Clock::duration(1));
}

TEST_CASE("one that says nothing for a time fails only if it was silent all that time") {
  const Resolvers resolvers(false, 1);
  Upstream& upstream = *resolvers.all[0];
  upstream.succeeded(milliseconds(1), kStart);
  upstream.was_silent(kStart, "test", kStart + seconds(5));
  CHECK_FALSE(upstream.is_failing());
  upstream.was_silent(kStart + milliseconds(1), "test", kStart + seconds(5));
  CHECK(upstream.is_failing());
}

TEST_CASE("two connections in a second that were closed after one answer mean one query each, for a second") {
  const Resolvers resolvers(false, 1);
  Upstream& upstream = *resolvers.all[0];
  upstream.cut_short(kStart);
  CHECK_FALSE(upstream.answers_once(kStart));
  upstream.cut_short(kStart + seconds(2));
  CHECK_FALSE(upstream.answers_once(kStart + seconds(2)));
  upstream.cut_short(kStart + milliseconds(2500));
  CHECK(upstream.answers_once(kStart + seconds(3)));
  CHECK_FALSE(upstream.answers_once(kStart + seconds(4)));
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
  upstream.succeeded(milliseconds(1), now);
  CHECK(upstream.penalty_end() < kStart);
  upstream.failed("test", end);  // counts from the start again
  CHECK(upstream.penalty_end() - end <= milliseconds(313));
}
