#include "proxyserver/upstreams/upstream.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "common/log.h"
#include "common/net/net_error.h"
#include "common/net/tcp.h"
#include "common/tls/tls_stream.h"

namespace {

using namespace std::chrono_literals;
using net::NetError;

constexpr auto kOldNews = 1s;    // an answer time from before then says little
constexpr auto kTrialTime = 1s;  // for one query to prove that a resolver is back
constexpr auto kSuspicion = 10s;
constexpr auto kOneByOne = 1s;  // then a resolver that answers once and closes gets another chance
// An idle connection keeps its buffers for so long: clients ask once in a few seconds, and then it would have
// to get them again.
constexpr auto kKeepBuffers = 6s;

constexpr std::chrono::duration<double> kFirstPenalty = 250ms;
constexpr std::chrono::duration<double> kLongestPenalty = 8s;

double jitter() {  // 0.75 to 1.25: sessions that failed together must not come back together
  thread_local std::minstd_rand engine(std::random_device{}());
  return std::uniform_real_distribution<>(0.75, 1.25)(engine);
}

void hand_out(std::span<const Reply> replies, const ConnectionPtr& connection,
              Upstream::Clock::time_point now) {
  for (const Reply& reply : replies) {
    Asker& asker = *reply.query->asker;
    if (reply.answer && reply.query->key != nullptr) {  // it may be for others too: its asker has the cache
      const ByteView octets = reply.answer->bytes;
      asker.give_back(
          {reply.query, Returned::Why::answered, connection, nullptr, {octets.begin(), octets.end()}});
    } else if (reply.answer) {
      const Answer answer{reply.query, *reply.answer, &connection->upstream()};
      asker.deliver({&answer, 1}, now);
    } else {  // it asks elsewhere
      asker.give_back({reply.query, Returned::Why::silent, connection, nullptr});
    }
  }
}

}  // namespace

Upstream::Upstream(const net::Endpoint& endpoint, Tls tls, std::size_t pool_size)
    : address_(endpoint.address), name_(endpoint.to_string()), pool_size_(pool_size), tls_(std::move(tls)) {}

Upstream::Upstream(const net::Uri& unknown, Tls tls)
    : name_(unknown.to_string()), pool_size_(1), tls_(std::move(tls)) {}

ConnectionPtr Upstream::connection(std::size_t index, UpstreamConnection::Terms terms,
                                   Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  return index < connections_.size() ? connections_[index] : add(terms, now);
}

ConnectionPtr Upstream::connect(UpstreamConnection::Terms terms, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  return add(terms, now);
}

ConnectionPtr Upstream::add(UpstreamConnection::Terms terms, Clock::time_point now) {
  if (connections_.size() >= pool_size_) return nullptr;
  // Those whose queries end connections share a quarter: the rest is for everybody.
  const auto is_owned = [](const ConnectionPtr& one) { return one->terms().owner && !one->terms().once; };
  if (terms.owner != nullptr && !terms.once &&
      static_cast<std::size_t>(std::ranges::count_if(connections_, is_owned)) >= (pool_size_ + 2) / 4)
    return nullptr;
  try {
    connections_.push_back(std::make_shared<UpstreamConnection>(*this, begin(), terms, trace_, now));
  } catch (const std::exception& cause) {
    if (metrics_) metrics_->failed(cause);
    throw;
  }
  if (metrics_) metrics_->begun();
  return connections_.back();
}

bool Upstream::is_half_free() const {
  const std::lock_guard lock(mutex_);
  return connections_.size() < (pool_size_ + 1) / 2;
}

void Upstream::drop(const ConnectionPtr& connection) {
  connection->close();
  const std::lock_guard lock(mutex_);
  std::erase(connections_, connection);
}

UpstreamConnection::Parts Upstream::begin() const {
  if (!address_) throw NetError(NetError::Kind::unreachable, "no address of that name is known");
  UpstreamConnection::Parts parts;
  net::UniqueFd socket = net::start_connect(*address_);
  const std::string peer = address_->to_string();
  if (capture_ != nullptr)
    parts.captured = std::make_unique<CapturedConnection>(*capture_, socket.get(), *address_,
                                                          CapturedConnection::Side::connecting);
  const auto use = [&](auto stream) {
    if (parts.captured) parts.captured->watch(*stream);
    parts.stream = std::move(stream);
  };
  if (tls_) {
    parts.trust = tls_->current();
    auto stream = std::make_unique<tls::TlsStream>(std::move(socket), *parts.trust, peer);
    parts.tls = stream.get();
    use(std::move(stream));
  } else {
    use(std::make_unique<net::TcpStream>(std::move(socket), peer));
  }
  return parts;
}

void Upstream::observe(const Instruments& instruments) {
  capture_ = instruments.capture.get();
  trace_ = instruments.trace.get();
  if (instruments.metrics) metrics_ = std::make_unique<UpstreamMetrics>();
}

Upstream::Load Upstream::load() const {
  Load load;
  for (const ConnectionPtr& connection : all_connections()) {
    ++load.connections;
    load.in_flight += connection->awaited();
  }
  return load;
}

void Upstream::try_out(net::Deadline deadline) const {
  const UpstreamConnection::Parts parts = begin();
  const std::string& peer = parts.stream->peer();
  while (!net::is_connected(parts.stream->fd(), peer))
    net::wait_for(parts.stream->fd(), POLLOUT, deadline, "connect to " + peer);
  if (parts.tls != nullptr) parts.tls->handshake(deadline);
  parts.stream->close();
}

bool Upstream::has_connections() const {
  const std::lock_guard lock(mutex_);
  return !connections_.empty();
}

void Upstream::drop_owned(const Asker& owner) {
  const net::Waker waker;
  for (const ConnectionPtr& connection : all_connections())
    if (connection->terms().owner == &owner && connection->attend(waker)) {
      connection->retire();  // nobody waits there: the owner's queries have ended
      drop(connection);
    }
}

std::vector<ConnectionPtr> Upstream::all_connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

void Upstream::sweep(Clock::time_point now) {
  const net::Waker waker;
  const Trust::Context trust = tls_ != nullptr ? tls_->current() : nullptr;
  for (const ConnectionPtr& connection : all_connections()) {
    if (connection->trust() != trust.get()) connection->use_up();
    if (connection->attend(waker)) rest(connection, now);
  }
}

// What comes over an idle connection is TLS's housekeeping, or a late answer, or its end. But somebody may
// have asked just now, or wait there while the role is on its way to them: who reads an answer delivers it.
void Upstream::rest(const ConnectionPtr& connection, Clock::time_point now) {
  std::vector<Reply> replies;
  try {
    connection->turn(POLLIN, now, replies);
  } catch (const std::exception& cause) {
    hand_out(replies, connection, now);
    return bury(connection, cause, now);
  }
  hand_out(replies, connection, now);
  const auto idle = connection->idle_time(now);
  if (idle && *idle >= connection->longest_idle_time() && connection->retire()) return drop(connection);
  if (idle && *idle > kKeepBuffers) connection->release();
  pass_on(connection);
}

void Upstream::bury(const ConnectionPtr& connection, const std::exception& cause, Clock::time_point now) {
  const auto death = std::make_shared<const Death>(connection->death(cause, now));
  const std::vector<QueryPtr> queries = connection->take_all();
  drop(connection);
  // A connection that had worked before may merely have been closed for idleness: that says nothing about
  // the resolver.
  if (!death->proven) failed(death->reason, now);
  if (metrics_ && !death->carried) metrics_->failed(cause);
  if (metrics_ && death->carried && !queries.empty()) metrics_->lost();
  if (death->answers_once) cut_short(now);
  if (death->stalled) leaves_messages();
  connection->trace_lost(queries, death->reason);
  for (const QueryPtr& query : queries)
    query->asker->give_back({query, Returned::Why::lost, connection, death});
}

void Upstream::failed(std::string_view why, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  last_failure_ = now;
  if (now < penalty_end()) return;  // many sessions see one outage: it counts once per penalty
  if (failures_ == 0) failing_since_ = now;
  const auto penalty = std::min(kLongestPenalty, kFirstPenalty * std::exp2(failures_.load()));
  failures_ = std::min(failures_ + 1, 16);
  const auto end = now + std::chrono::duration_cast<Clock::duration>(penalty * jitter());
  penalty_end_ = end.time_since_epoch().count();
  if (metrics_) metrics_->penalised();
  logging::write_summed(logging::Level::warning, "upstream-failed", logging::field("upstream", name_),
                        logging::field("reason", why));
}

void Upstream::succeeded(Clock::duration answer_time, Clock::time_point now) {
  const Clock::time_point heard(Clock::duration(heard_.exchange(now.time_since_epoch().count())));
  const Clock::rep time = answer_time.count();
  const Clock::rep before = smoothed_time_.load(std::memory_order_relaxed);
  const Clock::rep smoothed = before == 0 || now > heard + kOldNews ? time : before + (time - before) / 8;
  // A lost update is no loss.
  smoothed_time_.store(std::max<Clock::rep>(smoothed, 1), std::memory_order_relaxed);
  if (!is_failing()) return;
  const std::lock_guard lock(mutex_);
  if (failures_.exchange(0) == 0) return;  // another thread was faster
  penalty_end_ = kLongAgo;
  logging::write_summed(logging::Level::info, "upstream-back", logging::field("upstream", name_));
}

Upstream::Clock::duration Upstream::smoothed_time() const {
  return Clock::duration(smoothed_time_.load(std::memory_order_relaxed));
}

Upstream::Clock::time_point Upstream::penalty_end() const {
  return Clock::time_point(Clock::duration(penalty_end_.load(std::memory_order_relaxed)));
}

Upstream::Clock::time_point Upstream::last_failure() const {
  const std::lock_guard lock(mutex_);
  return last_failure_;
}

Upstream::Clock::time_point Upstream::failing_since() const {
  const std::lock_guard lock(mutex_);
  return failing_since_;
}

void Upstream::was_silent(Clock::time_point since, std::string_view why, Clock::time_point now) {
  if (heard_ < since.time_since_epoch().count()) failed(why, now);
}

bool Upstream::is_due_for_trial(Clock::time_point now) {
  if (!is_failing() || penalty_end() > now) return false;
  Clock::rep due = next_trial_;
  return due <= now.time_since_epoch().count() &&
         next_trial_.compare_exchange_strong(due, (now + kTrialTime).time_since_epoch().count());
}

void Upstream::cut_short(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (now - last_cut_ < kOneByOne) once_until_ = (now + kOneByOne).time_since_epoch().count();
  last_cut_ = now;
}

void Upstream::seems_to_leave_messages(Clock::time_point now) {
  if (!encrypted() || wants_single_records(now)) return;
  single_records_until_ = (now + kSuspicion).time_since_epoch().count();
}

void Upstream::leaves_messages() {
  if (encrypted()) single_records_until_ = Clock::time_point::max().time_since_epoch().count();
}
