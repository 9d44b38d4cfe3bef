#include "proxyserver/clients/session.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>

#include "common/dns/codes.h"
#include "common/log.h"
#include "common/net/net_error.h"
#include "proxyserver/asking/reply.h"
#include "proxyserver/process/memory.h"

namespace {

using net::IoResult;
using net::NetError;

// A session keeps its buffers for this time after the last message: what is given back is paid for again at
// the next query, and clients ask once in a few seconds.
constexpr std::chrono::seconds kKeepBuffers{6};

// Octets of queries in flight, and of answers that wait for the client to take them, beyond which it is not
// read; and those beyond which an answer becomes a SERVFAIL.
constexpr std::size_t kMaxUnsent = std::size_t{128} << 10;
constexpr std::size_t kMostUnsent = std::size_t{1} << 20;
constexpr std::size_t kAnswerBlock = 468;  // RFC 8467 §4.1

// The proxy is about to stop: a client that is silent for the first time has sent all it had on its way, by
// any likely round trip; who has not been silent by the second one is not going to be.
constexpr std::chrono::milliseconds kDrainSilence{300};
constexpr std::chrono::milliseconds kDrainPatience{1000};

std::uint16_t keepalive_units(std::chrono::milliseconds time) {  // of 100 ms (RFC 7828 §3.1)
  return static_cast<std::uint16_t>(std::min<std::chrono::milliseconds::rep>(time.count() / 100, 0xfffe));
}

}  // namespace

Session::Session(net::Stream& client, net::Transport transport, Upstreams& upstreams, const Limits& limits,
                 const std::atomic<bool>& draining, const Instruments& watching, Rates* rates,
                 const ClientKey& key, Cache* cache)
    : client_name_(client.peer()),
      transport_(transport),
      limits_(limits),
      draining_(draining),
      watching_(watching),
      rates_(limits.max_qps_per_client != 0 ? rates : nullptr),
      key_(key),
      client_(client),
      last_answer_(Clock::now()),
      cache_(cache),
      forwarder_(upstreams, limits, *this, watching.metrics.get(), cache),
      now_(last_answer_),
      last_query_(last_answer_) {}

void Session::run() {
  try {
    serve();
  } catch (...) {
    forwarder_.leave(end());
    throw;
  }
  forwarder_.leave(end());
}

void Session::serve() {
  for (;;) {
    if (readable_ || (unread_ && may_read())) read_client();
    forwarder_.flush(now_);
    if (unsent_ > 0) {
      const std::lock_guard lock(mutex_);
      flush_client(now_);
    }
    if (unread_ && may_read()) continue;  // an answer was given at once, and made room
    if (!reading_ && in_flight_ == 0 && unsent_ == 0) return;
    wait();
    check_time();
  }
}

// Takes what is there: at most one read, unless the stream holds decrypted octets that poll cannot see.
void Session::read_client() {
  readable_ = unread_ = false;
  bool whole_message = false;
  bool filled = false;
  for (;;) {
    while (may_read()) {
      const auto message = reader_.next();
      if (!message) break;
      whole_message = true;
      if (!receive(*message)) stop_reading("not a query");
    }
    if (!may_read()) {
      unread_ = reading_;
      break;
    }
    if (filled && !buffered_) break;
    const IoResult result = fill();
    filled = true;
    if (result.status == IoResult::Status::closed) {
      client_closed_ = true;
      reading_ = false;  // its answers still go out (half-close)
    }
    if (result.status != IoResult::Status::done) break;
  }
  if (whole_message) released_ = false;
  if (unread_ || !reading_ || !reader_.mid_frame())
    message_deadline_.reset();
  else if (whole_message || !message_deadline_)
    message_deadline_ = now_ + limits_.message;
}

void Session::check_failure() const {
  if (!failure_.empty()) throw NetError(NetError::Kind::reset, failure_);
}

// Once one operation has failed, no other may follow: neither by this thread, nor by one that has an answer
// for a session which is about to end.
template <typename Operation>
auto Session::on_stream(const Operation& operation) {
  check_failure();
  try {
    return operation();
  } catch (const std::exception& error) {
    failure_ = error.what();
    throw;
  }
}

IoResult Session::fill() {
  const std::lock_guard lock(mutex_);
  const IoResult result = on_stream([this] { return reader_.fill(client_); });
  buffered_ = client_.has_buffered();
  read_wants_write_ = result.status == IoResult::Status::want_write;
  if (read_wants_write_)
    start_write_deadline(now_);
  else if (writer_.empty())
    write_deadline_.reset();
  return result;
}

// Asked too much: says so in the log.
bool Session::is_within_rate() {
  if (rates_ == nullptr || rates_->take(key_, limits_.max_qps_per_client, now_)) return true;
  if (watching_.metrics) watching_.metrics->client_refused(transport_, Metrics::Rule::qps);
  logging::write_summed(logging::Level::info, "query-refused", "reason=--max-qps-per-client",
                        [this] { return logging::field("client", client_name_); });
  return false;
}

bool Session::receive(std::span<std::uint8_t> message) {
  const Screening screening = screen(message);
  if (screening.verdict != Screening::Verdict::hang_up)
    watching_.query(ClientName(client_name_), transport_, message);
  const bool last_one = !refusals_.may_go_on(screening);
  if (screening.is_query() && !is_within_rate()) {
    reply_here(screening, error_reply(message, dns::rcode::REFUSED,
                                      ExtendedError{dns::ede::PROHIBITED, "more than --max-qps-per-client"}));
    return true;
  }
  if (screening.is_query()) last_query_ = now_;
  switch (screening.verdict) {
    case Screening::Verdict::forward:
      forward(screening.query);
      return true;
    case Screening::Verdict::answer: {
      reply_here(screening, answer_here(message, screening, limits_.announced));
      const std::lock_guard lock(mutex_);
      if (last_one) stop_reading("too many messages in a row that are no queries");
      return true;
    }
    case Screening::Verdict::hang_up:
      return false;
  }
  return false;
}

// What no resolver has to be asked for.
void Session::reply_here(const Screening& screening, const Bytes& reply) {
  Asked asked = asked_by(screening.query);
  asked.has_opt = true;  // whether or not: this reply has an OPT exactly if it should
  const std::lock_guard lock(mutex_);
  send(asked, dns::inspect(reply).value(), nullptr, now_);
}

// From the cache at once, or to a resolver.
void Session::forward(const dns::MessageView& asked) {
  CacheKey key;
  const bool for_cache = cache_ != nullptr && key.make(asked);
  if (for_cache)
    if (const auto hit = cache_->find(key, asked, now_, found_)) {
      {
        const std::lock_guard lock(mutex_);
        send(asked_by(asked), hit->message, nullptr, now_, hit->use);
      }
      if (hit->wants_refresh) forwarder_.refresh(asked, key);
      return;
    }
  auto query = std::make_shared<Query>(shared_from_this(), asked, forwarder_.upstream_options(asked));
  if (for_cache) query->key = std::make_unique<CacheKey>(key);
  ++in_flight_;
  octets_in_flight_ += query->message.size();
  forwarder_.submit(std::move(query), now_);
}

void Session::deliver(std::span<const Answer> answers, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  for (const Answer& answer : answers) {
    const Query& query = *answer.query;
    if (!answer.query->end()) continue;
    --in_flight_;
    octets_in_flight_ -= query.message.size();
    answer_size_ += answer.message.bytes.size() / 8 - answer_size_ / 8;
    if (ended_ || !failure_.empty()) continue;
    if (writer_.size() < kMostUnsent) {
      send(query.asked, answer.message, answer.by, query.came, answer.cached);
    } else {
      const Bytes reply = error_reply(query.message, dns::rcode::SERVFAIL,
                                      ExtendedError{dns::ede::OTHER, "its answers are not taken"});
      send(query.asked, dns::inspect(reply).value(), nullptr, query.came);
    }
  }
  if (ended_ || !failure_.empty()) return;
  last_answer_ = now;
  try {
    flush_client(now);
    if (leaving_ && in_flight_ == 0 && writer_.empty()) client_.close();
  } catch (const std::exception& error) {
    failure_ = error.what();
  }
  if (!failure_.empty() || unsent_ > 0 || wants_to_know_) waker_.wake();
}

// The first reason is the one.
void Session::stop_reading(const char* why) {
  if (reading_) why_closed_ = why;
  reading_ = false;
}

// The hop to the client: padded if its query was (RFC 7830 §4), and only where nobody can see it; how long we
// wait for its next query if it asked (RFC 7828 §3.3.2); and that we do not wait, asked or not, when we are
// about to stop: every client with EDNS may be told (§3.3.2), and then asks no more here (§3.4).
void Session::send(const Asked& asked, const dns::MessageView& answer, const Upstream* by,
                   Clock::time_point came, CacheUse cached) {
  dns::OptSplice splice;
  splice.remove_opt = !asked.has_opt && answer.opt.has_value();
  if (asked.padded && encrypted()) splice.pad_to = kAnswerBlock;
  if (draining_ && asked.has_opt)
    splice.keepalive = 0;
  else if (asked.keepalive)
    splice.keepalive = keepalive_units(limits_.idle);
  const bool changed = dns::splice_opt(answer, splice, spliced_);
  const ByteView octets = changed ? ByteView(spliced_) : answer.bytes;
  writer_.add(octets);
  unsent_ = writer_.size();
  watching_.answered({ClientName(client_name_), transport_, answer, octets, came, name_of(by), cached});
}

void Session::flush_client(Clock::time_point now) {
  if (writer_.empty()) return;
  const std::size_t before = writer_.size();
  const IoResult::Status status =
      on_stream([this] { return encrypted() ? writer_.flush_each(client_) : writer_.flush(client_); });
  unsent_ = writer_.size();
  const bool all = status == IoResult::Status::done;
  const std::size_t left = before - writer_.size();
  if (all || left >= must_leave_)
    write_deadline_.reset();
  else
    must_leave_ -= left;
  if (!all) start_write_deadline(now);
}

// What waits now has so long to leave; what joins it later gets a deadline of its own when its turn comes. So
// a client that reads steadily, however much it asks, is not cut off, and one that drips is.
void Session::start_write_deadline(Clock::time_point now) {
  if (write_deadline_) return;
  write_deadline_ = now + limits_.write;
  must_leave_ = writer_.size();
}

// Who does not take answers, or asks faster than they can be had, is not read: TCP then makes the client
// wait. What is in flight is reckoned as the answers that it will be: they come over the connection that all
// share, and large ones, many at once, would make the others wait.
bool Session::may_read() const {
  return reading_ && in_flight_ < limits_.max_in_flight && octets_in_flight_ < kMaxUnsent &&
         unsent_ + in_flight_ * answer_size_ < kMaxUnsent;
}

void Session::wait() {
  entries_.assign(1, {client_.fd(), 0, 0});
  Clock::time_point until = forwarder_.poll_entries(entries_, now_);
  {
    const std::lock_guard lock(mutex_);
    if (draining_) check_drain();  // if it turns true now, waker_ ends the wait
    const bool writes = !writer_.empty() || read_wants_write_;
    const bool reads = may_read();
    wants_to_know_ = !reads;  // whoever brings an answer tells us
    entries_[0].events =
        static_cast<short>((reads && !read_wants_write_ ? POLLIN : 0) | (writes ? POLLOUT : 0));
    if (message_deadline_) until = std::min(until, *message_deadline_);
    if (write_deadline_) until = std::min(until, *write_deadline_);
    if (!failure_.empty() || (!reading_ && in_flight_ == 0 && writer_.empty())) until = now_;
    const auto idle =
        quiet() && !released_ ? std::min<Clock::duration>(limits_.idle, kKeepBuffers) : limits_.idle;
    until = std::min(until, quiet() ? last_message() + idle : now_ + idle);
    if (drain_began_ && reading_)
      until = std::min(until, last_call() > now_ ? last_call() : *drain_began_ + limits_.drain / 2);
  }
  waker_.wait(entries_, net::Deadline::at(until), now_);
  now_ = Clock::now();
  const short client_events = entries_[0].revents;
  if ((client_events & (POLLERR | POLLHUP | POLLNVAL)) != 0 && !may_read() && in_flight_ + unsent_ > 0)
    throw NetError(NetError::Kind::reset, "wait for " + client_name_);  // nobody is left to answer
  readable_ = may_read() && client_events != 0;
  forwarder_.on_events(std::span(entries_).subspan(1), now_);
}

// When this client, as things are, is read no more because the proxy is to stop. Any moment may be one at
// which its next query is on the way, and nobody can tell; so it is one after a silence, or one at which it
// waits for answers.
Session::Clock::time_point Session::last_call() const {
  const auto within = [this](std::chrono::milliseconds time) { return std::min(time, limits_.drain / 4); };
  return quiet() ? std::max(last_message(), *drain_began_) + within(kDrainSilence)
                 : *drain_began_ + within(kDrainPatience);
}

// What has come is read and answered before. A query that passes our close on its way gets no answer here:
// its client asks again, elsewhere (RFC 7766 §6.2.4).
void Session::check_drain() {
  if (!drain_began_) drain_began_ = now_;
  pollfd entry{client_.fd(), POLLIN, 0};
  const auto all_read = [&] { return may_read() && !unread_ && poll(&entry, 1, 0) == 0; };
  const bool too_late = *drain_began_ + limits_.drain / 2 <= now_;
  if (!(last_call() <= now_ && all_read()) && !too_late) return;
  stop_reading("the proxy stops");
  leaving_ = true;
}

void Session::check_time() {
  forwarder_.on_time(now_);
  const std::lock_guard lock(mutex_);
  check_failure();
  if (write_deadline_ && *write_deadline_ <= now_)
    throw NetError(NetError::Kind::timeout, "write to " + client_name_);
  if (message_deadline_ && *message_deadline_ <= now_)
    stop_reading("--message-timeout");  // what is in flight still ends well
  if (reader_.mid_frame() && !reading_) message_deadline_.reset();
  if (!quiet()) return;
  if (last_message() + limits_.idle <= now_) stop_reading("--idle-timeout");
  if (released_ || last_message() + kKeepBuffers > now_) return;
  client_.release();
  reader_.release();
  writer_.release();
  forwarder_.release();
  spliced_ = Bytes();
  found_ = Bytes();
  entries_ = {};
  rest_thread();
  released_ = true;
}
