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
#include <thread>

#include "common/net/deadline.h"
#include "common/net/unique_fd.h"
#include "proxyserver/clients/access.h"

class LiveSessions {
 public:
  explicit LiveSessions(std::size_t limit);
  ~LiveSessions();  // cuts off what is still alive, and waits for it

  // Runs `work` for a client, named by `key`, on a thread of its own. `fd` is the client's socket, which
  // `work` must keep open until it has called the function that it is handed: then it is signed off. False:
  // no thread could be had. Throws std::bad_alloc; then nothing has changed either.
  using SignOff = std::function<void()>;
  bool start(int fd, const ClientKey& key, std::function<void(const SignOff&)> work);

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
    ClientKey key;
  };

  void ended(std::list<Entry>::iterator entry);

  const std::size_t limit_;
  net::UniqueFd wake_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable change_;
  std::map<ClientKey, std::size_t> per_client_;  // how many of live_
  std::list<Entry> live_;
  std::list<Entry> ended_;
};
