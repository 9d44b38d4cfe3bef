// The UDP listener: a few worker threads, each with a socket of its own on the same address. A worker is an
// asker like a session is, but for many clients: each of its queries knows where it came from.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "common/net/udp_listener.h"
#include "common/net/unique_fd.h"
#include "proxyserver/caching/cache.h"
#include "proxyserver/clients/access.h"
#include "proxyserver/clients/rates.h"
#include "proxyserver/limits.h"
#include "proxyserver/published.h"
#include "proxyserver/upstreams/upstreams.h"
#include "proxyserver/watching/instruments.h"

class UdpService {
 public:
  // Binds `workers` sockets. All references must outlive the service, and so must `cache`, which may be null.
  UdpService(const net::SocketAddress& address, std::size_t workers, Upstreams& upstreams,
             const Published<Limits>& limits, const Published<AccessList>& access,
             const Instruments& instruments, Rates& rates, Cache* cache = nullptr);
  // The same with one worker, on a socket that is bound already.
  UdpService(net::UniqueFd socket, Upstreams& upstreams, const Published<Limits>& limits,
             const Published<AccessList>& access, const Instruments& instruments, Rates& rates,
             Cache* cache = nullptr);
  ~UdpService();  // stop(), at once

  net::SocketAddress address() const;  // with the real port
  void start();
  // No more is read than what lies in the sockets now; that, and what is in flight, is answered until `end`.
  void stop_reading(net::Deadline end);
  void stop(net::Deadline end);  // and waits for that, and for the threads

 private:
  class Worker;
  std::vector<std::shared_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  net::UniqueFd stopping_;  // an eventfd that becomes readable, for all workers at once
  std::atomic<net::Deadline::Clock::time_point> end_;  // said before that
};
