// The session threads: counted, limited, and waited for at the end. None is ever detached.
//
// start(), reap(), wait_for_all() and cut_off() are for the accepting thread alone; session threads sign
// themselves off.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "common/net/deadline.h"
#include "common/net/unique_fd.h"
#include "proxyserver/clients/access.h"

class LiveSessions {
 public:
  explicit LiveSessions(std::size_t limit);
  ~LiveSessions();  // cuts off what is still alive, and waits for it

  class Place;

  // Runs `work` for a client, named by `key`, on a thread of its own. nullopt: it is not known yet whose
  // connection it is; Place::belongs_to() says so later. `fd` is the client's socket, which `work` must keep
  // open until it has called Place::sign_off(). False: no thread could be had. Throws std::bad_alloc; then
  // nothing has changed either.
  bool start(int fd, std::optional<ClientKey> key, std::function<void(const Place&)> work);

  std::size_t limit() const { return limit_; }
  bool full() const;
  std::size_t size() const;
  std::size_t of_client(const ClientKey& key) const;  // how many sessions this client has
  int wake_fd() const { return wake_.get(); }  // readable when a session has ended while full() was true
  void reap();                                 // joins the threads that have ended

  void wake();                                // every session's thread, if it waits by net::Waker
  bool wait_for_all(net::Deadline deadline);  // to end; false: not by then
  void cut_off();                             // all; returns when they have ended

 private:
  struct Entry {
    std::thread thread;
    int fd;  // -1 once signed off
    std::optional<ClientKey> key;
  };
  using Entries = std::list<Entry>;

  void ended(Entries::iterator entry);
  void forget_client(Entries::iterator entry);  // under the lock

  const std::size_t limit_;
  net::UniqueFd wake_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable change_;
  std::map<ClientKey, std::size_t> per_client_;  // how many of live_
  Entries live_;
  Entries ended_;
};

// What a session's thread has here: for that thread, until `work` returns.
class LiveSessions::Place {
 public:
  void sign_off() const;
  // Of a session that began without a name, once: false, and nothing has changed, if this client has as many
  // as `limit` already. Throws std::bad_alloc.
  bool belongs_to(const ClientKey& key, std::size_t limit) const;

 private:
  friend LiveSessions;
  Place(LiveSessions& sessions, Entries::iterator entry) : sessions_(sessions), entry_(entry) {}

  LiveSessions& sessions_;
  Entries::iterator entry_;
};
