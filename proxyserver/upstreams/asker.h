// Who asks: a client's session, or a worker of the UDP service, as the connections to the resolvers see it.
// Each has a thread of its own; what other threads have for it comes in by the functions below.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/net/waker.h"
#include "proxyserver/caching/cache_use.h"
#include "proxyserver/upstreams/query.h"

class UpstreamConnection;
struct Death;
using ConnectionPtr = std::shared_ptr<UpstreamConnection>;

// An answer on its way to a client: it has the client's ID again, but still the EDNS options of the
// resolver's hop. What `message` views must live until deliver() returns.
struct Answer {
  QueryPtr query;
  dns::MessageView message;
  const Upstream* by = nullptr;  // whose it is; null: the proxy's own
  CacheUse cached = CacheUse::none;
};

// A query that its asker has to send again.
struct Returned {
  enum class Why : std::uint8_t {
    lost,      // its connection died (`death`), or was given up before it was ready
    stuck,     // it waits behind a slow one, at a resolver that answers in turn
    silent,    // nothing has come over its connection for long; it may still be answered there
    refused,   // the resolver's `answer` is one that another is asked after (--retry-on)
    answered,  // its `answer` came to a thread that keeps no answers: this one may be for others too
    first,     // it has not been sent yet: it is the cache's, or stands in for one whose asker has gone
  };
  QueryPtr query;
  Why why;
  ConnectionPtr from;
  std::shared_ptr<const Death> death;
  Bytes answer = {};   // for the client, as Answer::message
  bool apart = false;  // it may be slow by itself: over a connection of its own it holds up nobody
};

class Asker : public std::enable_shared_from_this<Asker> {
 public:
  virtual ~Asker() = default;

  // Any thread, holding no lock. All of these are for queries of this asker; those that have ended meanwhile
  // are passed over.
  virtual void deliver(std::span<const Answer> answers, Query::Clock::time_point now) = 0;
  // Whose query it is: address and port, for the trace and the log.
  virtual std::string client_of(const Query& query) const = 0;

  // All its queries are one client's, which is to blame if a resolver cannot bear them.
  virtual bool is_one_client() const = 0;

  // Any thread, holding no lock: mail, which wakes the asker's thread. False: it has ended, and the query is
  // dropped.
  bool give_back(Returned returned);
  // From now on its thread attends to that connection. False: it has ended.
  bool hand_over(const ConnectionPtr& connection);

  // How its thread waits, and is woken. The thread lives as long as it attends to a connection.
  const net::Waker& waker() const { return waker_; }

  // The asker's own thread.
  struct Mail {
    std::vector<Returned> queries;
    std::vector<ConnectionPtr> connections;
  };
  bool has_mail() const { return has_mail_.load(std::memory_order_acquire); }
  Mail take_mail();
  Mail end();  // takes no more mail, and no answers; returns what came last

  // The connection that the trace knows as this asker's.
  std::atomic<const void*> traced = nullptr;

 protected:
  mutable std::mutex mutex_;  // guards what other threads touch: here the mail; in the heirs, see there
  net::Waker waker_;
  bool ended_ = false;

 private:
  Mail mail_;
  std::atomic<bool> has_mail_ = false;
};
