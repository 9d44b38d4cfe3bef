// A client of the proxy on whichever leg it is: one connection over TLS or TCP, or one UDP socket. What the
// tests that go through "every listener" hold in their hands. One thread at a time.
#pragma once

#include <variant>

#include "tests/support/lab.h"

inline constexpr net::Transport kAllLegs[] = {net::Transport::tls, net::Transport::tcp, net::Transport::udp};

class ClientLeg {
 public:
  // The proxy must have a listener of that kind (kWithUdp).
  ClientLeg(const Proxy& proxy, net::Transport transport);

  net::Transport transport() const { return transport_; }
  void send(const dns::Message& query);
  void send(ByteView message);
  // nullopt: nothing came in time (UDP), or the connection was closed in an orderly way.
  std::optional<Bytes> read(net::Deadline deadline = net::Deadline::in(kPatience));
  dns::Message read_message(net::Deadline deadline = net::Deadline::in(kPatience));  // or the test fails
  dns::Message ask(const dns::Message& query, net::Deadline deadline = net::Deadline::in(kPatience));
  std::optional<dns::Message> next_message(net::Deadline deadline);  // nullopt: none came in time
  void reset_when_closed() const;                                    // TCP's reset instead of its orderly end

 private:
  net::Transport transport_;
  std::variant<DotConnection, Datagrams> peer_;
};

// Appended to a Proxy's arguments, gives it the third listener.
inline const Arguments kWithUdp = {"--listen", "udp://127.0.0.1:0"};
