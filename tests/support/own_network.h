// A network of a test's own. That takes root, which CI has.
#pragma once

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "common/net/endpoint.h"
#include "common/net/unique_fd.h"
#include "tests/support/catch.h"

// A network with nothing in it but a loopback interface, for this thread and the programs it starts, as long
// as it lasts.
class OwnNetwork {
 public:
  OwnNetwork() : before_(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    entered_ = before_.valid() && unshare(CLONE_NEWNET) == 0;
    if (!entered_) return;
    const net::UniqueFd any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    request.ifr_name[0] = 'l';
    request.ifr_name[1] = 'o';
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    REQUIRE(ioctl(any.get(), SIOCSIFFLAGS, &request) == 0);
  }
  OwnNetwork(const OwnNetwork&) = delete;
  OwnNetwork& operator=(const OwnNetwork&) = delete;
  ~OwnNetwork() {
    if (entered_) setns(before_.get(), CLONE_NEWNET);
  }
  bool entered() const { return entered_; }

  // Gives "lo" this IPv6 address, in a network of 64 bits.
  void add(const net::SocketAddress& address) const {
    const net::UniqueFd any(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    struct {  // in6_ifreq, whose header goes badly with the C library's
      in6_addr address;
      std::uint32_t prefix_length;
      int interface_index;
    } request{};
    request.address = reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr;
    request.prefix_length = 64;
    request.interface_index = static_cast<int>(if_nametoindex("lo"));
    REQUIRE(ioctl(any.get(), SIOCSIFADDR, &request) == 0);
  }

 private:
  net::UniqueFd before_;
  bool entered_ = false;
};
