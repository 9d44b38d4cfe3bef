// A resolver that a test writes itself: it records the octets of every query and answers with what the script
// makes of it. On tls:// or tcp://127.0.0.1, with a certificate of its own; one thread per connection.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

#include "common/dns/message.h"
#include "common/net/endpoint.h"
#include "common/tls/tls_context.h"
#include "tests/support/lab.h"

class ScriptedUpstream {
 public:
  struct Seen {
    Bytes octets;
    std::size_t connection;  // counted from 0
    dns::Message message() const { return dns::decode(octets).value(); }
  };
  // The whole answer; empty: none. Called by the connections' threads, one at a time.
  using Script = std::function<Bytes(const Seen& query)>;

  // dnsdist 1.7's: of several messages in a record it answers one, the next when more comes. And it closes
  // connections on which nothing comes for so long.
  struct Sluggish {
    std::chrono::milliseconds idle_limit;
  };

  ScriptedUpstream(net::Transport transport, Script script, std::optional<Sluggish> manner = std::nullopt);
  ~ScriptedUpstream();

  Arguments as_upstream() const;  // a Proxy's --upstream and --upstream-ca
  std::vector<Seen> seen() const;
  Seen last_seen() const { return seen().back(); }
  // True once the proxy has closed that connection; false if it has not by then.
  bool closed(std::size_t connection, net::Deadline deadline = net::Deadline::in(kPatience)) const;

 private:
  void accept_all();
  void serve(net::UniqueFd socket, std::size_t number);
  void talk(net::Stream& stream, std::size_t number);
  bool wait(int fd, int limit_ms = -1) const;  // false: to stop

  const net::Transport transport_;
  const Script script_;
  const std::optional<Sluggish> manner_;
  TempDir directory_;
  std::optional<tls::ServerContext> context_;
  net::UniqueFd listener_;
  net::UniqueFd stopping_;  // an eventfd, readable for all threads once written

  mutable std::mutex mutex_;  // guards what follows
  mutable std::condition_variable change_;
  std::vector<Seen> seen_;
  std::vector<bool> closed_;  // by connection

  std::list<std::thread> connections_;  // the accepting thread's alone
  std::thread accepting_;               // last: it uses all the others
};

// The answer every script begins with: the query's header and question, and an OPT if the query has one.
dns::Message answer_to(const dns::Message& query);
