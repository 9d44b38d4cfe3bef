// labresolver's listeners and threads: one thread per connection, one per UDP socket, the accepting done by
// whoever calls run().
#pragma once

#include <atomic>
#include <list>
#include <thread>
#include <vector>

#include "common/net/endpoint.h"
#include "common/net/unique_fd.h"
#include "common/tls/tls_context.h"
#include "tests/lab/responder.h"

namespace lab {

class LabServer {
 public:
  struct Parts {  // all must outlive the server
    const Responder& responder;
    const Faults& faults;
    const tls::ServerContext& context;
    unsigned seed;
  };

  // Binds and listens; throws NetError where that fails.
  LabServer(const std::vector<net::Endpoint>& endpoints, Parts parts);
  LabServer(const LabServer&) = delete;
  LabServer& operator=(const LabServer&) = delete;
  ~LabServer();  // ends every connection and joins its thread

  std::vector<net::Endpoint> listening() const;  // with their real ports
  void run(int stop);                            // until `stop` becomes readable

 private:
  struct Listener {
    net::UniqueFd fd;
    net::Transport transport;
  };
  struct Worker {
    std::atomic<bool> done = false;
    std::thread thread;
  };

  void accept_all(const Listener& listener);
  void serve(net::UniqueFd socket, net::Transport transport, Dice dice) const;
  template <typename Task>
  void start(Task task);
  void listen(const std::vector<net::Endpoint>& endpoints);
  void join_finished();

  const Parts parts_;
  Dice dice_;               // throws the seeds of the connections' dice
  net::UniqueFd stopping_;  // an eventfd: once written, readable for every thread and for ever
  std::vector<Listener> listeners_;
  std::list<Worker> workers_;
};

}  // namespace lab
