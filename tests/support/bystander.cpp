#include "tests/support/bystander.h"

#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <poll.h>
#include <thread>

#include "tests/support/catch.h"

using net::Transport;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using Time = std::chrono::duration<double, std::milli>;

constexpr milliseconds kPace{2};
constexpr milliseconds kAlone{100};
constexpr milliseconds kAttack{SANITIZED ? 700 : 400};
constexpr int kTries = 3;
// Two cores that attacker, proxy and resolver share add this much to any time, attack or none.
constexpr Time kNoise{SANITIZED ? 200 : 10};

class Bystander {
 public:
  explicit Bystander(const Proxy& proxy) : connection_(proxy.connect(Transport::tls)) {}

  // The median of a stretch of questions, each asked when the one before is answered, or at the next beat.
  Time median(const std::function<bool()>& over) {
    std::vector<Time> times;
    while (times.empty() || !over()) {
      const auto asked = Clock::now();
      ask();
      times.emplace_back(Clock::now() - asked);
      pollfd entry{connection_.fd(), 0, 0};
      poll(&entry, 1, net::Deadline::at(asked + kPace).poll_ms());
    }
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
  }

 private:
  void ask() {
    const dns::Message query = make_query(fmt::format("bystander{}.tag.test.", next_), dns::type::TXT, next_);
    ++next_;
    const dns::Message reply = connection_.ask(query);
    if (reply.header.id != query.header.id || reply.rcode() != dns::rcode::NOERROR ||
        reply.questions != query.questions)
      throw std::runtime_error(fmt::format("the bystander got rcode {}", reply.rcode()));
  }

  DotConnection connection_;
  std::uint16_t next_ = 1;
};

}  // namespace

void check_undisturbed(const Proxy& proxy, const Attack& attack) {
  Bystander bystander(proxy);
  Time alone{}, beside{}, allowed{};
  for (int i = 0; i < kTries && (i == 0 || beside > allowed); ++i) {
    const auto calm = net::Deadline::in(kAlone);
    alone = bystander.median([&] { return calm.expired(); });
    allowed = std::max(2 * alone, alone + kNoise);
    std::atomic<bool> over = false;
    std::string wrong;
    std::thread asking([&] {
      try {
        beside = bystander.median([&] { return over.load(); });
      } catch (const std::exception& error) {
        wrong = error.what();
      }
    });
    std::string failed;
    try {
      attack(net::Deadline::in(kAttack));
    } catch (const std::exception& error) {
      failed = error.what();
    }
    over = true;
    asking.join();
    REQUIRE(wrong == "");
    REQUIRE(failed == "");
  }
  fmt::print("  a bystander's median: {:.2f} ms alone, {:.2f} ms beside the attack\n", alone.count(),
             beside.count());
  CAPTURE(alone.count(), beside.count());
  CHECK(beside <= allowed);
}

void check_welcomed(const Proxy& proxy) {
  const auto begin = Clock::now();
  const dns::Message reply =
      proxy.connect(Transport::tls).ask(make_query("bystander.tag.test.", dns::type::TXT));
  CHECK(reply.rcode() == dns::rcode::NOERROR);
  CHECK(Clock::now() - begin < std::chrono::seconds(SANITIZED ? 8 : 1));
}
