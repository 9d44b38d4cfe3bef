// What watches the proxy: metrics, logs of queries, trace, capture. Each is null if it was not asked for.
// Built before threads start, then shared by all.
//
// Of a client's query two places tell: where it came in, and where its answer goes out. Each calls one
// function here, which tells all who want to know.
#pragma once

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/dns/message_view.h"
#include "common/net/endpoint.h"
#include "common/tls/key_log.h"
#include "proxyserver/caching/cache_use.h"
#include "proxyserver/watching/capture.h"
#include "proxyserver/watching/metrics.h"
#include "proxyserver/watching/query_log.h"
#include "proxyserver/watching/trace.h"

struct InstrumentFiles {  // empty: not asked for
  std::string key_log;
  std::string capture;
  std::string trace;
  std::string query_log;
  ClientPrivacy query_log_privacy = ClientPrivacy::full;
  bool metrics = false;
};

// A file that the proxy needs and cannot use, and why.
class UnusableFile : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The client of a query. It becomes text, address and port, only where somebody writes it down.
class ClientName {
 public:
  explicit ClientName(const std::string& text) : text_(&text) {}
  explicit ClientName(const net::SocketAddress& address) : address_(&address) {}
  std::string text() const { return text_ != nullptr ? *text_ : address_->to_string(); }

 private:
  const std::string* text_ = nullptr;
  const net::SocketAddress* address_ = nullptr;
};

// An answer that goes to a client. All that it refers to is good for the call alone.
struct Answered {
  using Clock = std::chrono::steady_clock;

  ClientName client;
  net::Transport transport;
  const dns::MessageView& answer;  // its question (may be empty), type (then 0) and rcode; the client's ID
  ByteView octets;                 // as they are sent: EDNS options and truncation may differ from `answer`
  Clock::time_point came;          // when the query did
  const std::string* upstream;     // whose answer it is, as Upstream::name(); null: the proxy's own, or
  CacheUse cached;                 // out of the cache
};

struct Instruments {
  // Opens the files, and warns of those that give secrets away. Throws UnusableFile.
  explicit Instruments(const InstrumentFiles& files);

  // From now on this context's secrets go where they were asked for. Before its first connection; the context
  // must not outlive this.
  template <typename Context>
  void hear_secrets(Context& context) const {
    if (key_log || capture) context.tell_secrets([this](std::string_view line) { add_secret(line); });
  }

  void start() const;                                // threads of their own, when the process is confined
  std::vector<std::string> folders_of_logs() const;  // in which reopen_logs() makes files
  void reopen_logs() const;

  // Any thread. A query, at least a header, as it came from a client.
  void query(const ClientName& client, net::Transport transport, ByteView message) const {
    if (watches_queries()) tell_query(client, transport, message);
  }
  void answered(const Answered& what) const {
    if (watches_queries()) tell_answered(what);
  }

  std::unique_ptr<tls::KeyLog> key_log;
  std::unique_ptr<Capture> capture;
  std::unique_ptr<Trace> trace;
  std::unique_ptr<QueryLog> query_log;
  std::unique_ptr<Metrics> metrics;

 private:
  bool watches_queries() const { return trace != nullptr || query_log != nullptr || metrics != nullptr; }
  void tell_query(const ClientName& client, net::Transport transport, ByteView message) const;
  void tell_answered(const Answered& what) const;
  void add_secret(std::string_view line) const noexcept;
  void log_incomplete_key_log() const noexcept;

  const std::string key_log_file_;
};
