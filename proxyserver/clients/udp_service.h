// The UDP listener: a few worker threads, each with a socket of its own on the same address. A worker is an
// asker like a session is, but for many clients: each of its queries knows where it came from.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "common/net/udp_listener.h"
#include "common/net/unique_fd.h"
#include "proxyserver/clients/access.h"
#include "proxyserver/limits.h"
#include "proxyserver/published.h"
#include "proxyserver/upstreams/upstreams.h"
#include "proxyserver/watching/instruments.h"

class UdpService {
 public:
  // Binds `workers` sockets. All references must outlive the service.
  UdpService(const net::SocketAddress& address, std::size_t workers, Upstreams& upstreams,
             const Published<Limits>& limits, const Published<AccessList>& access,
             const Instruments& instruments);
  ~UdpService();  // stop()

  net::SocketAddress address() const;  // with the real port
  void start();
  void stop_reading();  // from now on; what is in flight is still answered
  void stop();          // and waits for that (bounded by the query deadline), and for the threads

 private:
  class Worker;
  std::vector<std::shared_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  net::UniqueFd stopping_;  // an eventfd that becomes readable, for all workers at once
};
