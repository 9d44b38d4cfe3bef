#include "proxyserver/session.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>

#include "common/net/net_error.h"
#include "proxyserver/memory.h"
#include "proxyserver/reply.h"
#include "proxyserver/scheduling.h"
#include "proxyserver/screen.h"

namespace {

using net::IoResult;
using net::NetError;

// So long a session keeps its buffers after the last message, lest the next one find them gone.
constexpr std::chrono::milliseconds kKeepBuffers{500};

// Octets of answers that wait for the client to take them, and of queries in flight.
constexpr std::size_t kMaxUnsent = std::size_t{128} << 10;
constexpr std::size_t kAnswerBlock = 468;  // RFC 8467 §4.1

std::uint16_t keepalive_units(std::chrono::milliseconds time) {  // of 100 ms (RFC 7828 §3.1)
  return static_cast<std::uint16_t>(std::min<std::chrono::milliseconds::rep>(time.count() / 100, 0xfffe));
}

}  // namespace

Session::Session(net::Stream& client, net::Transport transport, Upstreams& upstreams, const Limits& limits,
                 const std::atomic<bool>& draining, const Trace* trace)
    : client_(client),
      encrypted_(transport == net::Transport::tls),
      limits_(limits),
      draining_(draining),
      trace_(trace),
      forwarder_(upstreams, limits, *this, trace),
      now_(Clock::now()),
      last_message_(now_) {}

void Session::run() {
  for (;;) {
    if (readable_ || (unread_ && may_read())) read_client();
    forwarder_.flush(now_);
    flush_client();
    if (unread_ && may_read()) continue;  // an answer was given at once, and made room
    if (finished()) return;
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
    if (filled && !client_.has_buffered()) break;
    const IoResult result = reader_.fill(client_);
    filled = true;
    if (result.status == IoResult::Status::closed) {
      client_closed_ = true;
      reading_ = false;  // its answers still go out (half-close)
    }
    read_wants_write_ = result.status == IoResult::Status::want_write;
    if (read_wants_write_)
      start_write_deadline();
    else if (writer_.empty())
      write_deadline_.reset();
    if (result.status != IoResult::Status::done) break;
  }
  if (draining_) stop_reading("the proxy stops");  // what had come is answered, no more is read
  if (whole_message) released_ = false;
  if (unread_ || !reading_ || !reader_.mid_frame())
    message_deadline_.reset();
  else if (whole_message || !message_deadline_)
    message_deadline_ = now_ + limits_.message;
}

bool Session::receive(std::span<std::uint8_t> message) {
  const Screening screening = screen(message);
  if (trace_ != nullptr && screening.verdict != Screening::Verdict::hang_up)
    trace_->query(client_.peer(), message);
  if (screening.is_query()) last_message_ = now_;
  const bool last_one = !refusals_.may_go_on(screening);
  switch (screening.verdict) {
    case Screening::Verdict::forward:
      forwarder_.submit(screening.query, now_);
      return true;
    case Screening::Verdict::answer: {
      const Bytes reply = error_reply(message, screening.rcode);
      Asked asked = asked_by(screening.query);
      asked.has_opt = true;  // whether or not: this reply has an OPT exactly if it should
      send(asked, dns::inspect(reply).value(), now_);
      if (last_one) stop_reading("too many messages in a row that are no queries");
      return true;
    }
    case Screening::Verdict::hang_up:
      return false;
  }
  return false;
}

void Session::deliver(const Query& query, const dns::MessageView& answer) {
  send(query.asked, answer, query.deadline - limits_.query);
  last_message_ = now_;
}

// The first reason is the one.
void Session::stop_reading(const char* why) {
  if (reading_) why_closed_ = why;
  reading_ = false;
}

// The hop to the client: padded if its query was (RFC 7830 §4), and only where nobody can see it; how long we
// wait for its next query if it asked (RFC 7828 §3.3.2), and not at all when we are about to stop (§3.4).
void Session::send(const Asked& asked, const dns::MessageView& answer, Clock::time_point came) {
  dns::OptSplice splice;
  splice.remove_opt = !asked.has_opt && answer.opt.has_value();
  if (asked.padded && encrypted_) splice.pad_to = kAnswerBlock;
  if (asked.keepalive) splice.keepalive = draining_ ? 0 : keepalive_units(limits_.idle);
  const bool changed = dns::splice_opt(answer, splice, spliced_);
  const ByteView octets = changed ? ByteView(spliced_) : answer.bytes;
  writer_.add(octets);
  if (trace_ != nullptr) trace_->answer(client_.peer(), octets, Clock::now() - came);
}

void Session::flush_client() {
  if (writer_.empty()) return;
  const std::size_t before = writer_.size();
  const IoResult::Status status = encrypted_ ? writer_.flush_each(client_) : writer_.flush(client_);
  const bool all = status == IoResult::Status::done;
  const std::size_t left = before - writer_.size();
  if (all || left >= must_leave_)
    write_deadline_.reset();
  else
    must_leave_ -= left;
  if (!all) start_write_deadline();
}

// What waits now has so long to leave; what joins it later gets a deadline of its own when its turn comes. So
// a client that reads steadily, however much it asks, is not cut off, and one that drips is.
void Session::start_write_deadline() {
  if (write_deadline_) return;
  write_deadline_ = now_ + limits_.write;
  must_leave_ = writer_.size();
}

// Who does not take answers, or asks faster than they can be had, is not read: TCP then makes the client
// wait.
bool Session::may_read() const {
  return reading_ && forwarder_.in_flight() < limits_.max_in_flight && writer_.size() < kMaxUnsent &&
         forwarder_.octets_in_flight() < kMaxUnsent;
}

bool Session::finished() const {
  return !reading_ && forwarder_.in_flight() == 0 && writer_.empty();
}

net::Deadline Session::next_deadline() const {
  Clock::time_point next = forwarder_.next_time();
  if (message_deadline_) next = std::min(next, *message_deadline_);
  if (write_deadline_) next = std::min(next, *write_deadline_);
  if (quiet())
    next = std::min(next, last_message_ + (released_ ? limits_.idle : std::min(limits_.idle, kKeepBuffers)));
  return net::Deadline::at(next);
}

void Session::wait() {
  std::array<pollfd, 1 + Forwarder::kMaxLegs> entries;
  const bool writes = !writer_.empty() || read_wants_write_;
  const int events = (may_read() && !read_wants_write_ ? POLLIN : 0) | (writes ? POLLOUT : 0);
  forwarder_.pause(writer_.size() >= kMaxUnsent, now_);
  entries[0] = {client_.fd(), static_cast<short>(events), 0};
  const std::size_t legs = forwarder_.poll_entries(std::span(entries).last<Forwarder::kMaxLegs>());
  if (poll(entries.data(), 1 + legs, next_deadline().poll_ms()) < 0 && errno != EINTR)
    throw NetError::from_errno("poll", errno);
  now_ = Clock::now();
  heed_load(now_);
  const short client_events = entries[0].revents;
  if ((client_events & (POLLERR | POLLHUP | POLLNVAL)) != 0 && !may_read())
    throw NetError(NetError::Kind::reset, "wait for " + client_.peer());  // nobody is left to answer
  readable_ = may_read() && client_events != 0;
  forwarder_.on_events(std::span(entries).subspan(1, legs), now_);
}

void Session::check_time() {
  forwarder_.on_time(now_);
  if (write_deadline_ && *write_deadline_ <= now_)
    throw NetError(NetError::Kind::timeout, "write to " + client_.peer());
  if (message_deadline_ && *message_deadline_ <= now_)
    stop_reading("--message-timeout");  // what is in flight still ends well
  if (reader_.mid_frame() && !reading_) message_deadline_.reset();
  if (!quiet()) return;
  if (last_message_ + limits_.idle <= now_) stop_reading("--idle-timeout");
  if (!released_ && last_message_ + kKeepBuffers <= now_) {
    client_.release();
    reader_.release();
    writer_.release();
    forwarder_.release();
    spliced_ = Bytes();
    rest_thread();
    released_ = true;
  }
}
