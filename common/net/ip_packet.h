// The IP packets that octets would have travelled in, made up for a capture by a program that sees only its
// sockets: addresses, ports and octets are true; sizes of packets, sequence numbers and acknowledgements are
// invented, but right (RFC 791, RFC 8200, RFC 9293, RFC 768, checksums included). Both ends' addresses must
// be of one family. One thread.
#pragma once

#include <array>
#include <vector>

#include "common/bytes.h"
#include "common/net/endpoint.h"

namespace net {

Bytes udp_packet(const SocketAddress& from, const SocketAddress& to, ByteView datagram);

// Keeps count of what each end of a TCP connection has sent. `by_opener`: by the end that connected.
class TcpConversation {
 public:
  TcpConversation(const SocketAddress& opener, const SocketAddress& other)
      : ends_{End{opener, 0}, End{other, 0}} {}

  Bytes syn();                     // the attempt
  std::vector<Bytes> connected();  // its acceptance, and the opener's acknowledgement
  std::vector<Bytes> data(bool by_opener, ByteView octets);  // in pieces that fit into a packet each
  std::vector<Bytes> closed(bool by_opener);                 // that end's FIN, acknowledged

 private:
  struct End {
    SocketAddress address;
    std::uint32_t next;  // sequence number
  };

  Bytes segment(bool by_opener, std::uint8_t flags, ByteView octets = {});

  std::array<End, 2> ends_;  // the opener's first
};

}  // namespace net
