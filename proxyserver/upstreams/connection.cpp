#include "proxyserver/upstreams/connection.h"

#include <algorithm>

#include "common/dns/codes.h"
#include "common/net/net_error.h"
#include "common/net/tcp.h"
#include "proxyserver/upstreams/matching.h"
#include "proxyserver/upstreams/upstream.h"
#include "proxyserver/watching/trace.h"

namespace {

using namespace std::chrono_literals;
using net::IoResult;
using net::NetError;

// A resolver that closes a connection after N seconds may be about to: leave it alone a little earlier.
constexpr auto kIdleMargin = 200ms;
// Idle for so long: that its far end closed it is no surprise.
constexpr auto kResting = 1s;
// Silence, before it is closed, that says that what was sent was not read.
constexpr auto kStalled = 500ms;
// IDs, those included that are owed an answer nobody waits for.
constexpr std::size_t kMostInFlight = 1024;
// One turn takes no more than this: the attendant has other duties too.
constexpr std::size_t kMostPerTurn = std::size_t{256} << 10;
constexpr std::chrono::milliseconds kKeepaliveUnit{100};  // RFC 7828 §3.1

void set_id(std::span<std::uint8_t> message, std::uint16_t id) {
  message[0] = static_cast<std::uint8_t>(id >> 8);
  message[1] = static_cast<std::uint8_t>(id);
}

// Who has read the answer to a query of another; empty: its own thread has.
std::string reader_for(const Query& query, const Asker* reader) {
  if (reader == nullptr || reader == query.asker.get()) return "";
  return reader->is_one_client() ? reader->client_of(query) : "udp";  // a session's client is always the same
}

}  // namespace

UpstreamConnection::UpstreamConnection(Upstream& upstream, Parts parts, Terms terms, const Trace* trace,
                                       Clock::time_point now)
    : upstream_(upstream), parts_(std::move(parts)), terms_(terms), trace_(trace), begun_(now) {}

bool UpstreamConnection::fits(std::size_t count, Clock::time_point now) {
  if (closed_ || !failure_.empty() || idle_limit_.count() == 0)
    return false;  // RFC 7828 §3.4: 0 is "close it"
  if (terms_.once) return submitted_ == 0 && count == 1;
  // Its asker's `now` may be a little older than the one by which it has proved slow.
  return in_flight_.taken() + count <= kMostInFlight && !told_ && !is_stuck(now);
}

bool UpstreamConnection::is_awaited() {
  const std::lock_guard lock(table_);
  return in_flight_.oldest() != nullptr;
}

std::size_t UpstreamConnection::awaited() {
  const std::lock_guard lock(table_);
  return in_flight_.oldest() != nullptr ? in_flight_.awaited() : 0;
}

bool UpstreamConnection::is_used_up() {
  const std::lock_guard lock(table_);
  return closed_ || idle_limit_.count() == 0 || (terms_.once && submitted_ > 0);
}

UpstreamConnection::Submitted UpstreamConnection::submit(std::span<const QueryPtr> queries,
                                                         const Asker& asker, Terms terms,
                                                         Clock::time_point now) {
  if (terms != terms_) return Submitted::no;
  Submitted result = Submitted::taken;
  {
    const std::lock_guard lock(table_);
    if (!fits(queries.size(), now)) return Submitted::no;
    if (in_flight_.oldest() == nullptr) {
      idle_since_ = std::max(idle_since_, last_heard_);
      last_heard_ = asked_at_ = now;
    }
    const bool gathers = !upstream_.wants_single_records(now);
    for (const QueryPtr& query : queries) {
      const std::uint16_t id = in_flight_.add(query, gathers && !queue_.empty(), now);
      const std::uint8_t id_octets[] = {static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id)};
      queue_.begin(query->message.size());
      queue_.part(id_octets);
      queue_.part(ByteView(query->message).subspan(sizeof id_octets));
      if (trace_ != nullptr) trace_queued(query, id);
    }
    submitted_ += queries.size();
    if (attendant_ == nullptr) {
      attendant_ = &asker.waker();
      result = Submitted::attend;
    }
    if (!ready_ || writing_) return result;  // whoever writes takes these along
    writing_ = true;
  }
  write_out();
  return result;
}

// As if its resolver had said so. While it is being made queries wait for it that had better not be moved.
void UpstreamConnection::use_up() {
  const std::lock_guard lock(table_);
  if (ready_) idle_limit_ = {};
}

bool UpstreamConnection::attend(const net::Waker& waker) {
  const std::lock_guard lock(table_);
  if (attendant_ != nullptr) return false;
  attendant_ = &waker;
  return true;
}

// By who has set writing_. What others queue meanwhile leaves with the next round, in one record.
void UpstreamConnection::write_out() {
  for (;;) {
    if (out_.empty()) {
      const std::lock_guard lock(table_);
      if (queue_.empty()) {
        writing_ = blocked_ = false;
        return;
      }
      std::swap(queue_, out_);
      if (trace_ != nullptr) trace_sent();
    }
    try {
      if (flush() == IoResult::Status::done) continue;
      const std::lock_guard lock(table_);
      blocked_ = true;
      if (attendant_ != nullptr) attendant_->wake();
    } catch (const std::exception& error) {
      const std::lock_guard lock(table_);
      failure_ = error.what();
      if (attendant_ != nullptr) attendant_->wake();
    }
    return;
  }
}

IoResult::Status UpstreamConnection::flush() {
  const std::lock_guard lock(io_);
  if (broken_) throw NetError(NetError::Kind::closed, "write to " + parts_.stream->peer());
  try {
    return upstream_.wants_single_records(Clock::now()) ? out_.flush_each(*parts_.stream)
                                                        : out_.flush(*parts_.stream);
  } catch (...) {
    broken_ = true;
    throw;
  }
}

bool UpstreamConnection::turn(short events, Clock::time_point now, std::vector<Reply>& replies,
                              const Asker* who) {
  bool goes_on = false;
  {
    const std::lock_guard lock(table_);
    if (!failure_.empty()) throw NetError(NetError::Kind::reset, failure_);
    goes_on = blocked_ && (events & POLLOUT) != 0;
  }
  if (!ready_) return get_ready(now);
  if (goes_on) write_out();
  if ((events & ~POLLOUT) == 0 && !read_wants_write_ && !unread_) return false;
  read();
  match(now, replies, who);
  return false;
}

bool UpstreamConnection::get_ready(Clock::time_point now) {
  const auto entered = Clock::now();
  UpstreamMetrics* const metrics = upstream_.metrics();
  if (!connected_) {  // first, so that a refusal does not look as if TLS had failed
    connected_ = net::is_connected(parts_.stream->fd(), parts_.stream->peer());
    if (!connected_) return false;
    if (metrics != nullptr) {
      connected_at_ = entered;
      metrics->connected(entered - begun_);
    }
  }
  if (parts_.tls != nullptr) {
    const std::lock_guard lock(io_);
    broken_ = true;  // unless the next line returns
    const IoResult::Status status = parts_.tls->try_handshake();
    broken_ = false;
    handshake_wants_write_ = status == IoResult::Status::want_write;
    if (status != IoResult::Status::done) return false;
  }
  if (trace_ != nullptr) {
    std::optional<tls::ConnectionFacts> facts;
    if (parts_.tls != nullptr) facts = parts_.tls->facts();
    trace_->connected(made_for_, local(), facts, now - begun_);
  }
  if (metrics != nullptr && parts_.tls != nullptr)
    metrics->secured(parts_.tls->facts(), Clock::now() - connected_at_);
  now += Clock::now() - entered;  // the resolver's certificate has been verified meanwhile
  {
    const std::lock_guard lock(table_);
    ready_ = true;
    fastest_ = now - begun_;
    last_heard_ = asked_at_ = now;
    in_flight_.for_each_awaited([now](InFlight::Entry& entry) { entry.sent = now; });
    writing_ = true;
  }
  write_out();
  return true;
}

void UpstreamConnection::read() {
  const std::lock_guard lock(io_);
  if (broken_) throw NetError(NetError::Kind::closed, "wait for an answer from " + parts_.stream->peer());
  std::size_t count = 0;
  try {
    do {
      const IoResult result = reader_.fill(*parts_.stream);
      if (result.status == IoResult::Status::closed)
        throw NetError(NetError::Kind::closed, "wait for an answer from " + parts_.stream->peer());
      read_wants_write_ = result.status == IoResult::Status::want_write;
      count += result.count;
      unread_ = parts_.stream->has_buffered();
      if (result.status != IoResult::Status::done) break;
    } while (unread_ && count < kMostPerTurn);
  } catch (...) {
    // What came before the end is answered first; then the next read meets the end again.
    broken_ = true;
    if (count == 0) throw;
    unread_ = true;
  }
}

// Whatever is no answer to a query in flight here is dropped: late, double, never asked for (RFC 7766 §7).
void UpstreamConnection::match(Clock::time_point now, std::vector<Reply>& replies, const Asker* who) {
  while (const auto message = reader_.next()) {
    dns::WireReader reader(*message);
    const dns::Header header = dns::decode_header(reader);
    if (!reader.ok()) throw NetError(NetError::Kind::malformed, "a message shorter than a header");
    const auto view = dns::inspect(*message);
    const bool whole = view && dns::may_splice(*view);
    Reply reply;
    Clock::time_point sent;
    {
      const std::lock_guard lock(table_);
      InFlight::Entry* const entry = in_flight_.find(header.id);
      if (entry == nullptr) continue;
      const Query& query = *entry->query;
      if (whole) reply.answer = answer_for_client(*view, query.view, query.asked.has_opt, reply.made);
      if (whole && !reply.answer) continue;
      if (in_flight_.oldest() != nullptr && entry->awaited && !in_flight_.is_oldest(*entry))
        upstream_.answers_out_of_order();
      sent = entry->sent;
      reply.query = in_flight_.remove(*entry);
      last_heard_ = now;
      told_ = false;
      ++answers_;
      fastest_ = std::min(fastest_, now - sent);
    }
    if (trace_ != nullptr)
      trace_->received(reply.query->asker->client_of(*reply.query), reply.query->view.header.id, header.id,
                       local(), message->size(), now - sent, reader_for(*reply.query, who));
    upstream_.succeeded(now - sent, now);
    if (UpstreamMetrics* const metrics = upstream_.metrics()) metrics->answered(now - sent);
    if (Upstream* const other = reply.query->hedged_from.load(); other != nullptr && other != &upstream_)
      other->was_silent(sent, "silent while it owes answers", now);
    if (reply.answer) {
      if (const auto limit = dns::hop_options(*view).keepalive) {
        const std::lock_guard lock(table_);
        if (idle_limit_.count() != 0) idle_limit_ = *limit * kKeepaliveUnit;
      }
      set_id(reply.made.empty() ? *message : std::span(reply.made), reply.query->view.header.id);
    } else {
      reply.unusable = view ? "records behind its OPT that do not parse" : to_string(view.error());
    }
    if (reply.query->waiting.load(std::memory_order_relaxed)) replies.push_back(std::move(reply));
  }
}

std::vector<QueryPtr> UpstreamConnection::take_all() {
  const std::lock_guard lock(table_);
  closed_ = true;
  untraced_.clear();
  return in_flight_.take_all();
}

bool UpstreamConnection::retire() {
  const std::lock_guard lock(table_);
  if (in_flight_.oldest() == nullptr) closed_ = true;
  return closed_;
}

void UpstreamConnection::close() noexcept {
  {
    const std::lock_guard lock(table_);
    attendant_ = nullptr;
  }
  const std::lock_guard lock(io_);
  if (!broken_) parts_.stream->close();
  broken_ = true;
}

Death Death::of(Upstream& upstream, const std::exception& cause) {
  Death death{upstream, cause.what()};
  if (const auto* tls = dynamic_cast<const tls::TlsError*>(&cause)) {
    death.may_heal = tls->kind() == tls::TlsError::Kind::closed;
  } else if (const auto* error = dynamic_cast<const NetError*>(&cause)) {
    death.may_heal = error->kind() != NetError::Kind::malformed;
    death.unreached =
        error->kind() == NetError::Kind::refused || error->kind() == NetError::Kind::unreachable;
  }
  return death;
}

Death UpstreamConnection::death(const std::exception& cause, Clock::time_point now) {
  Death death = Death::of(upstream_, cause);
  const auto* error = dynamic_cast<const NetError*>(&cause);
  const std::lock_guard lock(table_);
  death.carried = ready_;
  death.proven = answers_ > 0;
  const bool owed = in_flight_.taken() > 0;
  death.answers_once = owed && answers_ == 1 && error != nullptr && error->kind() == NetError::Kind::closed;
  death.stalled = owed && death.proven && now - last_heard_ > kStalled;
  death.was_resting = death.proven && last_heard_ == asked_at_ && asked_at_ - idle_since_ > kResting;
  return death;
}

std::vector<std::shared_ptr<Asker>> UpstreamConnection::leave() {
  std::vector<std::shared_ptr<Asker>> waiting;
  const std::lock_guard lock(table_);
  attendant_ = nullptr;
  idle_since_ = std::max(idle_since_, last_heard_);
  in_flight_.for_each_awaited([&](const InFlight::Entry& entry) {
    if (entry.query->waiting && (waiting.empty() || waiting.back() != entry.query->asker))
      waiting.push_back(entry.query->asker);
  });
  return waiting;
}

bool pass_on(const ConnectionPtr& connection) {
  const auto waiting = connection->leave();
  return std::ranges::any_of(waiting, [&](const auto& asker) { return asker->hand_over(connection); });
}

std::optional<UpstreamConnection::Clock::duration> UpstreamConnection::idle_time(Clock::time_point now) {
  const std::lock_guard lock(table_);
  if (in_flight_.oldest() != nullptr) return std::nullopt;
  return now - std::max(idle_since_, last_heard_);
}

UpstreamConnection::Clock::duration UpstreamConnection::longest_idle_time() {
  const std::lock_guard lock(table_);
  return idle_limit_ - kIdleMargin;
}

void UpstreamConnection::release() {
  {
    const std::lock_guard lock(io_);
    parts_.stream->release();
  }
  reader_.release();
  const std::lock_guard lock(table_);
  queue_.release();
  in_flight_.release();
  if (!writing_) out_.release();
}

std::string UpstreamConnection::local() const {
  return net::SocketAddress::of_socket(parts_.stream->fd()).to_string();
}

// Called under table_.
void UpstreamConnection::trace_queued(const QueryPtr& query, std::uint16_t id) {
  const std::string client = query->asker->client_of(*query);
  if (made_for_.empty()) made_for_ = client;
  if (query->asker->traced.exchange(this) != this)
    trace_->upstream(client, upstream_.name(), local(), ready_);
  untraced_.emplace_back(query, id);
}

// Called under table_, just before the write: whoever reads the answer may be faster than we are after it.
void UpstreamConnection::trace_sent() {
  for (const auto& [query, id] : std::exchange(untraced_, {}))
    trace_->sent(query->asker->client_of(*query), query->view.header.id, id, local(), query->message.size());
}

void UpstreamConnection::trace_lost(std::span<const QueryPtr> queries, const std::string& reason) const {
  if (trace_ == nullptr) return;
  std::string last;
  for (const QueryPtr& query : queries)  // one client's stand together, as a rule
    if (std::string client = query->asker->client_of(*query); client != last) {
      trace_->lost(client, local(), reason);
      last = std::move(client);
    }
}
