// One client connection, from its handshake to its close: takes queries, has the forwarder get them answered,
// sends the answers in the order in which they come. Runs on the thread that was made for it. Its answers are
// brought by whichever thread has read them from the resolver. DESIGN, "How a session works".
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "common/net/endpoint.h"
#include "common/net/framing.h"
#include "common/net/stream.h"
#include "proxyserver/asking/forwarder.h"
#include "proxyserver/asking/screen.h"
#include "proxyserver/clients/rates.h"
#include "proxyserver/limits.h"
#include "proxyserver/watching/instruments.h"

class Session final : public Asker {
 public:
  using Clock = std::chrono::steady_clock;

  // `client` is ready for use: its handshake, if it has one, is done. It must outlive run(). `transport` says
  // what it is; `draining` turns true when the proxy is about to stop, and then the session's thread has to
  // be woken (net::Waker::wake). `rates` and `key` are for --max-qps-per-client; null: no limit. `cache` may
  // be null. Belongs to a std::shared_ptr, and to the thread that makes it.
  Session(net::Stream& client, net::Transport transport, Upstreams& upstreams, const Limits& limits,
          const std::atomic<bool>& draining, const Instruments& watching, Rates* rates = nullptr,
          const ClientKey& key = {}, Cache* cache = nullptr);

  // Returns when the client has closed, is to be closed, or has been idle too long; all answers owed have
  // then been sent, or the client is beyond help. Throws what its stream throws. Afterwards nobody touches
  // the stream any more.
  void run();

  bool client_has_closed() const { return client_closed_; }
  const char* why_closed() const { return why_closed_; }  // by us; empty: the client has closed

  // Any thread.
  void deliver(std::span<const Answer> answers, Clock::time_point now) override;
  std::string client_of(const Query&) const override { return client_name_; }
  bool is_one_client() const override { return true; }

 private:
  void serve();
  void read_client();
  net::IoResult fill();
  bool is_within_rate();
  bool receive(std::span<std::uint8_t> message);  // false: hang up
  void reply_here(const Screening& screening, const Bytes& reply);
  void forward(const dns::MessageView& query);
  void stop_reading(const char* why);
  bool may_read() const;
  void wait();
  void check_time();
  Clock::time_point last_call() const;
  void check_drain();

  // These under the lock.
  void send(const Asked& asked, const dns::MessageView& answer, const Upstream* by, Clock::time_point came,
            CacheUse cached = CacheUse::none);
  void check_failure() const;  // throws NetError
  template <typename Operation>
  auto on_stream(const Operation& operation);
  void flush_client(Clock::time_point now);
  void start_write_deadline(Clock::time_point now);
  // Idle time counts from queries and answers (RFC 7766 §6.2.3), not from garbage.
  Clock::time_point last_message() const { return std::max(last_query_, last_answer_); }
  bool encrypted() const { return transport_ == net::Transport::tls; }
  bool quiet() const { return in_flight_ == 0 && writer_.empty() && !reader_.mid_frame(); }

  const std::string client_name_;
  const net::Transport transport_;
  const Limits& limits_;
  const std::atomic<bool>& draining_;
  const Instruments& watching_;
  Rates* const rates_;  // null: any number of queries
  const ClientKey key_;

  // Asker::mutex_ guards these.
  net::Stream& client_;
  net::FrameWriter writer_;
  Bytes spliced_;        // the answer being delivered, where its EDNS options had to be changed
  std::string failure_;  // of the stream, whichever thread met it; empty: there was none
  Clock::time_point last_answer_;
  std::optional<Clock::time_point> write_deadline_;  // for the first `must_leave_` octets that wait
  std::size_t must_leave_ = 0;
  bool wants_to_know_ = false;  // this thread waits for answers, not for the client: wake it
  bool leaving_ = false;        // the last answer is followed by our close, whichever thread brings it

  // Read anywhere. This thread raises the first two without the lock; all else is written under it.
  std::atomic<std::size_t> in_flight_ = 0;
  std::atomic<std::size_t> octets_in_flight_ = 0;  // of their messages
  std::atomic<std::size_t> unsent_ = 0;            // octets in writer_
  std::atomic<std::size_t> answer_size_ = 0;       // of this client: an eighth of each new one

  // This thread's own.
  Cache* const cache_;  // null: there is none
  Bytes found_;         // an answer out of it
  Forwarder forwarder_;
  Refusals refusals_;
  net::FrameReader reader_;
  std::vector<pollfd> entries_;
  Clock::time_point now_;  // once per turn of the loop
  bool reading_ = true;    // false: the client has closed its side, or has lost our trust
  bool client_closed_ = false;
  const char* why_closed_ = "";
  bool readable_ = true;   // poll or the stream's own buffer has something for us
  bool buffered_ = false;  // the latter
  Clock::time_point last_query_;
  bool unread_ = false;  // whole messages may lie in reader_, left there because too many are in flight
  std::optional<Clock::time_point> drain_began_;       // when this thread first saw that the proxy is to stop
  bool released_ = false;                              // buffers have been given back since the last message
  std::optional<Clock::time_point> message_deadline_;  // while a message is coming in
  bool read_wants_write_ = false;  // TLS must send (a KeyUpdate's reply) before it can read on
};
