// The upstream of a fuzzed session: real loopback connections, served between two turns of the session's loop
// on its own thread. Each query is met by the script's next act, from an honest answer to a connection cut in
// half a frame; the script over, by honest answers.
#pragma once

#include <list>

#include "common/net/endpoint.h"
#include "common/net/framing.h"
#include "common/net/unique_fd.h"
#include "tests/fuzz/fuzz.h"

namespace fuzz {

class ScriptedResolver {
 public:
  explicit ScriptedResolver(Script acts) : acts_(acts) {}
  ~ScriptedResolver();  // resets all connections, so that their ports need no rest

  static net::Endpoint endpoint();
  static net::Endpoint refusing_endpoint();  // where nobody listens

  void turn();  // accepts, reads, and answers

  const std::vector<Bytes>& queries() const { return queries_; }  // as they came
  std::size_t octets_sent() const { return octets_sent_; }

 private:
  struct Connection {
    net::UniqueFd fd;
    Bytes in;
    Bytes out;
    bool ends = false;  // when all is out
  };

  void serve(Connection& connection);
  void act(Connection& connection, ByteView query);

  Script acts_;
  std::list<Connection> connections_;
  std::vector<Bytes> queries_;
  std::vector<std::pair<Connection*, Bytes>> held_;  // to be sent last come, first served
  std::size_t octets_sent_ = 0;
};

}  // namespace fuzz
