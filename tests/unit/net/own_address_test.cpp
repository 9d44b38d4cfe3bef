// Which addresses are this machine's, in a network of the test's own. That takes root, which CI has.
#include <arpa/inet.h>
#include <cstring>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <thread>

#include "common/net/endpoint.h"
#include "common/net/unique_fd.h"
#include "tests/support/catch.h"

namespace {

bool is_ours(const char* address) {
  return net::SocketAddress::parse(address, 53).value().is_of_this_machine();
}

// Brings the interface up, if `address` is null, or gives it that one.
bool set_up(const char* name, const char* address) {
  const net::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (address == nullptr) {
    request.ifr_flags = IFF_UP;
    return ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
  }
  sockaddr_in in{};
  in.sin_family = AF_INET;
  inet_pton(AF_INET, address, &in.sin_addr);
  std::memcpy(&request.ifr_addr, &in, sizeof in);
  return ioctl(socket.get(), SIOCSIFADDR, &request) == 0;
}

}  // namespace

TEST_CASE("an address of any of its interfaces is this machine's, and no other") {
  bool entered = false, before = true, after = false, loopback = false, other = true;
  std::thread([&] {  // the network is this thread's alone
    if (unshare(CLONE_NEWNET) != 0) return;
    entered = set_up("lo", nullptr);
    before = is_ours("192.0.2.2");
    entered = entered && set_up("lo:1", "192.0.2.2");
    after = is_ours("192.0.2.2");
    loopback = is_ours("127.0.0.9");
    other = is_ours("192.0.3.3");
  })
      .join();
  if (!entered) {
    WARN("skipped: only root can have a network of its own");
    return;
  }
  CHECK_FALSE(before);
  CHECK(after);
  CHECK(loopback);
  CHECK_FALSE(other);
}
