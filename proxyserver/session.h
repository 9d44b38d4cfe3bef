// One client connection, from its handshake to its close: takes queries, has the forwarder get them answered,
// sends the answers in the order in which they come. Runs on the thread that was made for it and shares
// nothing with other sessions but the upstreams. DESIGN, "How a session works".
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "common/net/endpoint.h"
#include "common/net/framing.h"
#include "common/net/stream.h"
#include "proxyserver/forwarder.h"
#include "proxyserver/limits.h"
#include "proxyserver/screen.h"
#include "proxyserver/trace.h"

class Session final : private Forwarder::Client {
 public:
  using Clock = std::chrono::steady_clock;

  // `client` is ready for use: its handshake, if it has one, is done. It must outlive the session.
  // `transport` says what it is; `draining` turns true when the proxy is about to stop; `trace` may be null.
  Session(net::Stream& client, net::Transport transport, Upstreams& upstreams, const Limits& limits,
          const std::atomic<bool>& draining, const Trace* trace);

  // Returns when the client has closed, is to be closed, or has been idle too long; all answers owed have
  // then been sent, or the client is beyond help. Throws what its stream throws.
  void run();

  bool client_has_closed() const { return client_closed_; }
  const char* why_closed() const { return why_closed_; }  // by us; empty: the client has closed

 private:
  void read_client();
  bool receive(std::span<std::uint8_t> message);  // false: hang up
  void deliver(const Query& query, const dns::MessageView& answer) override;
  std::string client_of(const Query&) const override { return client_.peer(); }
  void send(const Asked& asked, const dns::MessageView& answer, Clock::time_point came);
  void stop_reading(const char* why);
  void flush_client();
  void start_write_deadline();
  void wait();
  void check_time();
  bool finished() const;
  bool may_read() const;
  bool quiet() const { return forwarder_.in_flight() == 0 && writer_.empty() && !reader_.mid_frame(); }
  net::Deadline next_deadline() const;

  net::Stream& client_;
  const bool encrypted_;
  const Limits& limits_;
  const std::atomic<bool>& draining_;
  const Trace* const trace_;
  Forwarder forwarder_;
  net::FrameReader reader_;
  net::FrameWriter writer_;
  Bytes spliced_;  // the answer being delivered, where its EDNS options had to be changed

  Clock::time_point now_;  // once per turn of the loop
  bool reading_ = true;    // false: the client has closed its side, or has lost our trust
  bool client_closed_ = false;
  const char* why_closed_ = "";
  bool readable_ = true;   // poll or the stream's own buffer has something for us
  bool unread_ = false;    // whole messages may lie in reader_, left there because too many are in flight
  bool released_ = false;  // buffers have been given back since the last message
  Clock::time_point
      last_message_;  // idle time counts from whole messages (RFC 7766 §6.2.3) that are queries or answers
  Refusals refusals_;
  std::optional<Clock::time_point> message_deadline_;  // while a message is coming in
  std::optional<Clock::time_point> write_deadline_;    // for the first `must_leave_` octets that wait
  std::size_t must_leave_ = 0;
  bool read_wants_write_ = false;  // TLS must send (a KeyUpdate's reply) before it can read on
};
