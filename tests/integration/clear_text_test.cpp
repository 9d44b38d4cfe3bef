// Where the upstream is tls://, no query leaves in clear (DESIGN, law 4): seen from the wire, by one who
// reads every packet of a network of its own, with the programs in it. That takes root.
#include <atomic>
#include <cerrno>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <thread>

#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/own_network.h"

using net::Transport;

namespace {

constexpr std::string_view kSecret = "nobody-else-may-read-this";

// Counts the packets on "lo" that hold the secret.
class Eavesdropper {
 public:
  Eavesdropper()
      : packets_(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL))),
        stopping_(eventfd(0, EFD_CLOEXEC)) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex("lo"));
    REQUIRE(bind(packets_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    thread_ = std::thread([this] { listen(); });
  }
  ~Eavesdropper() { stop(); }

  struct Report {
    unsigned packets = 0;
    unsigned with_secret = 0;
    unsigned missed = 0;
  };
  Report stop() {
    if (thread_.joinable()) {
      eventfd_write(stopping_.get(), 1);
      thread_.join();
    }
    return report_;
  }

 private:
  void listen() {
    bool stopping = false;
    while (!stopping) {
      pollfd entries[2] = {{packets_.get(), POLLIN, 0}, {stopping_.get(), POLLIN, 0}};
      poll(entries, 2, -1);
      stopping = entries[1].revents != 0;  // what has come by then is still read
      read_all();
    }
    tpacket_stats statistics{};
    socklen_t size = sizeof statistics;
    getsockopt(packets_.get(), SOL_PACKET, PACKET_STATISTICS, &statistics, &size);
    report_.missed = statistics.tp_drops;
  }

  void read_all() {
    static thread_local std::vector<char> packet(1 << 17);
    ssize_t got;
    while ((got = recv(packets_.get(), packet.data(), packet.size(), 0)) > 0) {
      ++report_.packets;
      const std::string_view octets(packet.data(), static_cast<std::size_t>(got));
      if (octets.find(kSecret) != octets.npos) ++report_.with_secret;
    }
  }

  net::UniqueFd packets_;
  net::UniqueFd stopping_;
  Report report_;
  std::thread thread_;
};

const Arguments kHurried = {"--query-timeout", "1s", "--hedge-after", "200ms"};

// What the wire saw of a few questions asked over TLS.
Eavesdropper::Report overhear(const LabResolver& resolver, Transport upstream) {
  Eavesdropper eavesdropper;
  const Proxy proxy(resolver, upstream, kHurried);
  DotConnection client = proxy.connect(Transport::tls);
  for (int i = 0; i < 3; ++i) client.send(make_query(std::string(kSecret) + ".tag.test.", dns::type::TXT));
  for (int i = 0; i < 3; ++i) client.read_message();
  return eavesdropper.stop();
}

}  // namespace

TEST_CASE("no query is seen in clear on its way to a tls:// upstream, whatever is wrong with that") {
  const std::string fault = GENERATE(as<std::string>(), "", "close-after=1", "expired", "wrong-name",
                                     "wrong-ca", "not-tls", "tls11-only", "stall-handshake", "drop", "reset",
                                     "close-mid-frame", "stall-mid-frame", "malformed");
  CAPTURE(fault);
  const OwnNetwork network;
  if (!network.entered()) {
    WARN("skipped: reading the wire takes root");
    return;
  }
  const LabResolver resolver(fault.empty() ? Arguments{} : Arguments{"--fault", fault});
  const Eavesdropper::Report report = overhear(resolver, Transport::tls);
  CHECK(report.packets > 20);
  CHECK(report.missed == 0);
  CHECK(report.with_secret == 0);
}

TEST_CASE("the eavesdropper of these tests sees a query to a tcp:// upstream") {
  const OwnNetwork network;
  if (!network.entered()) {
    WARN("skipped: reading the wire takes root");
    return;
  }
  const LabResolver resolver;
  CHECK(overhear(resolver, Transport::tcp).with_secret > 0);
}
