// Resolvers that are given by name: each address of the name is an upstream in the name's place.
//
// A name is looked up when the proxy starts, each minute from then on, and, while all its addresses fail or
// none is known, every two seconds or so; a lookup that takes long holds up no other. One that fails changes
// nothing. An address that is gone gets no new
// queries; what is in flight there ends as ever.
//
//   thread: turn() ──► look up ──► addresses ──► Upstreams::replace() ──► askers see the new list
//                                      └──► those that are gone: kept until nobody can hold them any more
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <thread>

#include "common/net/lookup.h"
#include "proxyserver/upstreams/upstreams.h"

class Names {
 public:
  using Clock = Upstream::Clock;
  using LookUp = std::function<net::Addresses(const std::string& name, std::uint16_t port)>;
  using Make = std::function<std::unique_ptr<Upstream>(const net::Endpoint&)>;
  using IsOurs = std::function<bool(const net::Endpoint&)>;

  // `look_up` may take its time, on a thread that is not waited for at the end: it must own what it uses. An
  // address for which `is_ours` says that this proxy listens there is left out. No query lasts longer than
  // `query_time`.
  Names(LookUp look_up, IsOurs is_ours, std::chrono::milliseconds query_time);
  ~Names();

  // Before start(): a place in that group's order for the addresses of that name, of which `unknown` stands
  // in while there is none. `make` makes the upstream for one address; the thread calls it.
  void add(const net::Uri& uri, std::unique_ptr<Upstream> unknown, Make make, Upstreams& group);

  // From now on queries may last so long. Any thread, before the first such query.
  void lengthen(std::chrono::milliseconds query_time);

  // Starts the thread, where there is a name. Returns when each has been looked up once, or after a second.
  void start();

  // The thread's, once a second or two; tests call it themselves. Begins the lookups that are due and takes
  // what has been found. Waits a second at most; what is not there by then is taken at a later turn.
  void turn(Clock::time_point now);

 private:
  struct Address {
    std::string text;
    std::unique_ptr<Upstream> upstream;
    unsigned turns_gone = 0;  // 0: the name has it
  };
  struct Name {
    net::Uri uri;
    Make make;
    std::unique_ptr<Upstream> unknown;
    Upstreams* group;
    std::size_t place;                      // in its order
    std::deque<Address> addresses{};        // in the order in which they were first found
    std::future<net::Addresses> pending{};  // a lookup under way, if valid()
    Clock::time_point next{};               // lookup
    Clock::time_point next_if_failing{};
    std::string complaint{};  // of the last lookup; logged when it is another than before
  };

  void run();
  bool is_due(const Name& name, Clock::time_point now) const;
  void begin_lookup(Name& name, Clock::time_point now) const;
  void end_lookup(Name& name);
  void use(Name& name, const std::vector<net::SocketAddress>& found);
  bool take(Name& name, const net::SocketAddress& address);  // false: it cannot be used
  void clear_away(Name& name, Clock::time_point now);
  static Upstreams::List in_use(const Name& name);

  const LookUp look_up_;
  const IsOurs is_ours_;
  std::atomic<unsigned> keep_turns_;
  std::deque<Name> names_;
  std::deque<std::pair<std::shared_ptr<const Upstreams::List>, unsigned>> old_lists_;  // and turns since

  std::mutex mutex_;  // guards has_turned_, and the writing of stopping_
  std::condition_variable change_;
  bool has_turned_ = false;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};
