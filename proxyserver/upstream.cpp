#include "proxyserver/upstream.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "common/log.h"
#include "common/net/net_error.h"
#include "common/net/tcp.h"
#include "common/tls/tls_stream.h"

namespace {

using namespace std::chrono_literals;

// A connection given back this recently is used without a look: should it have died since, its queries are
// sent again on a fresh one. Looking costs a system call, which is a tenth of what a query costs in all.
constexpr auto kTrustedFor = 50ms;
// A resolver that closes a connection after N seconds may be about to: leave it alone a little earlier.
constexpr auto kIdleMargin = 200ms;

constexpr std::chrono::duration<double> kFirstPenalty = 250ms;
constexpr std::chrono::duration<double> kLongestPenalty = 8s;

bool is_past_its_time(const UpstreamConnection& connection, Upstream::Clock::time_point now) {
  return now - connection.idle_since + kIdleMargin >= connection.idle_limit;
}

// Nothing is owed on an idle connection: octets that are no TLS housekeeping, or an end, make it unusable.
bool still_alive(UpstreamConnection& connection) {
  try {
    std::uint8_t octet;
    const net::IoResult result = connection.stream->try_read({&octet, 1});
    return result.status == net::IoResult::Status::want_read;
  } catch (const std::exception&) {
    return false;
  }
}

double jitter() {  // 0.75 to 1.25: sessions that failed together must not come back together
  thread_local std::minstd_rand engine(std::random_device{}());
  return std::uniform_real_distribution<>(0.75, 1.25)(engine);
}

std::unique_ptr<tls::ClientContext> context_for(const net::Endpoint& endpoint, tls::ClientOptions options) {
  if (endpoint.transport != net::Transport::tls) return nullptr;
  options.auth_name = endpoint.auth_name.empty() ? endpoint.address.host() : endpoint.auth_name;
  return std::make_unique<tls::ClientContext>(options);
}

}  // namespace

Lease& Lease::operator=(Lease&& other) noexcept {
  close();
  upstream_ = other.upstream_;
  connection_ = std::move(other.connection_);
  return *this;
}

void Lease::give_back() {
  if (!connection_) return;
  if (connection_->idle_limit.count() == 0)
    close();  // RFC 7828 §3.4: the resolver wants it closed
  else
    upstream_->give_back(std::move(connection_));
}

void Lease::close() {
  if (!connection_) return;
  connection_->stream->close();
  connection_.reset();
  upstream_->closed();
}

Upstream::Upstream(const net::Endpoint& endpoint, const tls::ClientOptions& trust, std::size_t pool_size)
    : endpoint_(endpoint),
      name_(endpoint.to_string()),
      pool_size_(pool_size),
      tls_(context_for(endpoint, trust)) {}

Lease Upstream::lease(net::Deadline deadline, bool fresh) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!fresh)
      if (auto connection = take_idle(lock)) return Lease(*this, std::move(connection));
    if (live_ < pool_size_) break;
    if (!idle_.empty()) {  // a fresh one is wanted, and an idle one is in its place
      Lease make_room(*this, std::move(idle_.front()));
      idle_.erase(idle_.begin());
      lock.unlock();
      make_room.close();
      lock.lock();
      continue;
    }
    const auto room = [this] { return !idle_.empty() || live_ < pool_size_; };
    if (!room_.wait_until(lock, deadline.when(), room)) return {};
  }
  ++live_;
  lock.unlock();
  try {
    return Lease(*this, connect());
  } catch (...) {
    closed();
    throw;
  }
}

// The look is a system call, and closing a dead connection several: not under the lock that all sessions
// share.
std::unique_ptr<UpstreamConnection> Upstream::take_idle(std::unique_lock<std::mutex>& lock) {
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    const auto now = Clock::now();
    if (now - connection->idle_since < kTrustedFor) return connection;
    lock.unlock();
    const bool alive = !is_past_its_time(*connection, now) && still_alive(*connection);
    if (!alive) Lease(*this, std::move(connection)).close();
    lock.lock();
    if (alive) return connection;
  }
  return nullptr;
}

std::unique_ptr<UpstreamConnection> Upstream::connect() const {
  auto connection = std::make_unique<UpstreamConnection>();
  net::UniqueFd socket = net::start_connect(endpoint_.address);
  const std::string peer = endpoint_.address.to_string();
  if (capture_ != nullptr)
    connection->captured = std::make_unique<CapturedConnection>(*capture_, socket.get(), endpoint_.address,
                                                                CapturedConnection::Side::connecting);
  const auto use = [&](auto stream) {
    if (connection->captured) connection->captured->watch(*stream);
    connection->stream = std::move(stream);
  };
  if (tls_)
    use(std::make_unique<tls::TlsStream>(std::move(socket), *tls_, peer));
  else
    use(std::make_unique<net::TcpStream>(std::move(socket), peer));
  return connection;
}

void Upstream::observe(const Instruments& instruments) {
  capture_ = instruments.capture.get();
  if (tls_) instruments.hear_secrets(*tls_);
}

void Upstream::give_back(std::unique_ptr<UpstreamConnection> connection) {
  connection->idle_since = Clock::now();
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
  room_.notify_one();
}

void Upstream::closed() {
  const std::lock_guard lock(mutex_);
  --live_;
  room_.notify_one();
}

void Upstream::sweep(Clock::time_point now) {
  std::vector<std::unique_ptr<UpstreamConnection>> resting;
  {
    const std::lock_guard lock(mutex_);
    const auto busy =
        std::ranges::find_if(idle_, [&](const auto& c) { return now - c->idle_since < kTrustedFor; });
    resting.assign(std::move_iterator(idle_.begin()), std::move_iterator(busy));
    idle_.erase(idle_.begin(), busy);
  }
  std::erase_if(resting, [&](auto& connection) {
    if (!is_past_its_time(*connection, now) && still_alive(*connection)) {
      connection->release();
      return false;
    }
    Lease(*this, std::move(connection)).close();
    return true;
  });
  const std::lock_guard lock(mutex_);  // back below those used since, in the order they had
  idle_.insert(idle_.begin(), std::move_iterator(resting.begin()), std::move_iterator(resting.end()));
  room_.notify_all();
}

void Upstream::failed(std::string_view why, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  last_failure_ = now;
  if (now < penalty_end_) return;  // many sessions see one outage: it counts once per penalty
  if (failures_ == 0) failing_since_ = now;
  const auto penalty = std::min(kLongestPenalty, kFirstPenalty * std::exp2(failures_.load()));
  failures_ = std::min(failures_ + 1, 16);
  penalty_end_ = now + std::chrono::duration_cast<Clock::duration>(penalty * jitter());
  logging::write(logging::Level::warning, "upstream-failed",
                 fmt::format("{} {}", logging::field("upstream", name_), logging::field("reason", why)));
}

void Upstream::succeeded(std::optional<Clock::duration> answer_time, bool afresh) {
  if (answer_time) {
    const Clock::rep time = answer_time->count();
    const Clock::rep before = smoothed_time_.load(std::memory_order_relaxed);
    const Clock::rep smoothed = before == 0 || afresh ? time : before + (time - before) / 8;
    smoothed_time_.store(std::max<Clock::rep>(smoothed, 1),
                         std::memory_order_relaxed);  // a lost update is no loss
  }
  if (failures_.load(std::memory_order_relaxed) == 0) return;
  const std::lock_guard lock(mutex_);
  if (failures_.exchange(0) == 0) return;  // another thread was faster
  penalty_end_ = {};
  logging::write(logging::Level::info, "upstream-back", logging::field("upstream", name_));
}

Upstream::Clock::duration Upstream::smoothed_time() const {
  return Clock::duration(smoothed_time_.load(std::memory_order_relaxed));
}

Upstream::Clock::time_point Upstream::penalty_end() const {
  const std::lock_guard lock(mutex_);
  return penalty_end_;
}

Upstream::Clock::time_point Upstream::last_failure() const {
  const std::lock_guard lock(mutex_);
  return last_failure_;
}

Upstream::Clock::time_point Upstream::failing_since() const {
  const std::lock_guard lock(mutex_);
  return failing_since_;
}
