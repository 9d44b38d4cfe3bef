// One resolver that queries are forwarded to: its address and trust, its pool of connections, its health.
//
// Shared by all session threads; everything here is safe to call from any of them. A connection, while
// leased, belongs to the one thread that holds the lease.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/net/endpoint.h"
#include "common/net/framing.h"
#include "common/tls/tls_context.h"
#include "proxyserver/instruments.h"

class Upstream;

// A connection to a resolver with its framing. New ones are still connecting: net::is_connected() tells.
struct UpstreamConnection {
  std::unique_ptr<CapturedConnection> captured;  // before the stream, which it watches; null: no capture
  std::unique_ptr<net::Stream> stream;
  net::FrameReader reader;
  net::FrameWriter writer;
  bool connected = false;  // TCP's connection stands
  bool proven = false;     // an answer has come over it: when it dies, that says little about the resolver
  std::chrono::steady_clock::time_point idle_since;
  std::chrono::milliseconds idle_limit{30'000};  // or what the resolver said (RFC 7828): 0 is "close it"

  void release() {  // memory, while it is idle
    stream->release();
    reader.release();
    writer.release();
  }
};

// The right to use one connection alone. Ends by give_back(), when the connection owes no answer, or by
// destruction, which closes it.
class Lease {
 public:
  Lease() = default;
  Lease(Upstream& upstream, std::unique_ptr<UpstreamConnection> connection)
      : upstream_(&upstream), connection_(std::move(connection)) {}
  Lease(Lease&&) noexcept = default;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { close(); }

  explicit operator bool() const { return connection_ != nullptr; }
  UpstreamConnection* operator->() const { return connection_.get(); }
  Upstream& upstream() const { return *upstream_; }

  void give_back();
  void close();

 private:
  Upstream* upstream_ = nullptr;
  std::unique_ptr<UpstreamConnection> connection_;
};

class Upstream {
 public:
  using Clock = std::chrono::steady_clock;

  // `trust` says whom to trust at tls:// (its name is filled in from the endpoint). Throws TlsError if that
  // fails.
  Upstream(const net::Endpoint& endpoint, const tls::ClientOptions& trust, std::size_t pool_size);

  void observe(const Instruments& instruments);  // before the first lease; they must outlive this

  const std::string& name() const { return name_; }  // the URI, for messages
  bool encrypted() const { return tls_ != nullptr; }

  // The connection used last that is still alive (unless `fresh` is asked for), else a new one, still
  // connecting. Waits only while all of the pool is leased; the lease is empty if that is still so at the
  // deadline. Throws NetError when no connection can be begun.
  Lease lease(net::Deadline deadline, bool fresh);

  // Closes idle connections that their far end closed, or that nobody wanted for long.
  void sweep(Clock::time_point now);

  // Some resolvers (dnsdist 1.7) leave a second message in a TLS record unread until the next record comes.
  // One that fell silent while it owed answers, and then closed, gets each message in a record of its own
  // from then on.
  bool wants_single_records() const { return wants_single_records_; }
  void left_messages_unread() { wants_single_records_ = encrypted(); }

  // Health, as the sessions observe it; there are no probes. A failure is a connection that brought no
  // answer. The penalty grows from 0.25 s to 8 s, with jitter; the first success ends it.
  void failed(std::string_view why, Clock::time_point now);
  // Without a time it was not measured. `afresh`: what was known of its speed is old, this time takes its
  // place.
  void succeeded(std::optional<Clock::duration> answer_time, bool afresh = false);
  // Of answers, an eighth of each new one (RFC 6298 §2.3); 0: none yet.
  Clock::duration smoothed_time() const;
  Clock::time_point penalty_end() const;
  Clock::time_point last_failure() const;
  Clock::time_point failing_since()
      const;  // meaningful while penalty_end() is in the future or nothing succeeded since

 private:
  friend class Lease;
  std::unique_ptr<UpstreamConnection> connect() const;
  std::unique_ptr<UpstreamConnection> take_idle(std::unique_lock<std::mutex>& lock);
  void give_back(std::unique_ptr<UpstreamConnection> connection);
  void closed();

  const net::Endpoint endpoint_;
  const std::string name_;
  const std::size_t pool_size_;
  std::unique_ptr<tls::ClientContext> tls_;  // null for tcp://
  Capture* capture_ = nullptr;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable room_;
  std::vector<std::unique_ptr<UpstreamConnection>> idle_;  // the most recently used last
  std::size_t live_ = 0;                                   // idle and leased
  Clock::time_point penalty_end_{};
  Clock::time_point last_failure_{};
  Clock::time_point failing_since_{};
  std::atomic<Clock::rep> smoothed_time_ = 0;
  std::atomic<bool> wants_single_records_ = false;
  std::atomic<int> failures_ = 0;  // atomic so that succeeded(), once per answer, need not lock
};
