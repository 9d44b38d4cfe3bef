#include "proxyserver/listening/readiness.h"

#include <fmt/format.h>

namespace {

using namespace std::chrono_literals;

constexpr auto kWhile = 30s;      // an answer, or a connection, from within it will do
constexpr auto kTryAgain = 1s;    // after a trial that failed
constexpr auto kTrialTime = 3s;   // of all
constexpr auto kTimeForOne = 1s;  // while there is another

}  // namespace

Readiness::~Readiness() {
  if (trial_.joinable()) trial_.join();
}

std::optional<Readiness::Verdict> Readiness::ask(Clock::time_point now) {
  if (draining_) return Verdict{false, "the proxy stops"};
  for (const Upstream* const upstream : those_that_count())
    if (!upstream->is_failing() && upstream->last_answer() > now - kWhile)
      return Verdict{true, fmt::format("{} has answered within {} s", upstream->name(), kWhile.count())};
  if (!over_) return std::nullopt;
  if (trial_.joinable()) trial_.join();
  if (now < good_until_) return verdict_;
  over_ = false;
  try {
    trial_ = std::thread([this] { try_all(); });
  } catch (const std::system_error&) {
    over_ = true;
    return Verdict{false, "no thread to be had for a trial"};
  }
  return std::nullopt;
}

void Readiness::try_all() noexcept {
  const auto end = net::Deadline::in(kTrialTime);
  verdict_ = {false, ""};
  try {
    const Upstreams::List list = those_that_count();
    for (const Upstream* const upstream : list) {
      if (end.expired()) break;
      try {
        upstream->try_out(upstream == list.back() ? end : earlier(end, net::Deadline::in(kTimeForOne)));
        verdict_ = {true, fmt::format("{} takes connections", upstream->name())};
        break;
      } catch (const std::exception& error) {
        verdict_.why +=
            fmt::format("{}{}: {}", verdict_.why.empty() ? "" : "; ", upstream->name(), error.what());
      }
    }
  } catch (const std::bad_alloc&) {
    verdict_ = {};
  }
  good_until_ = Clock::now() + (verdict_.ready ? Clock::duration(kWhile) : kTryAgain);
  over_ = true;
}
