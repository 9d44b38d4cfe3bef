#include "tests/lab/scripted_peer.h"

#include <poll.h>
#include <string_view>
#include <sys/socket.h>

#include "common/bytes.h"

namespace lab {
namespace {

constexpr std::string_view kPlainText = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";

// RFC 4346 §6.2.1, §7.4.1.3: the ServerHello of a server whose best is TLS 1.1, in a record of its own. A
// client that wants 1.2 or better answers with the alert protocol_version.
Bytes tls11_server_hello() {
  Bytes hello = {
      0x16, 0x03, 0x02, 0x00, 0x2a,        // handshake record, version 3.2, 42 octets
      0x02, 0x00, 0x00, 0x26, 0x03, 0x02,  // ServerHello, 38 octets, version 3.2 = TLS 1.1
  };
  hello.insert(hello.end(), 32, 0x5a);                  // random
  hello.insert(hello.end(), {0x00, 0xc0, 0x13, 0x00});  // no session ID, ECDHE-RSA-AES128-SHA, no compression
  return hello;
}

// False: told to stop.
bool wait_readable(int socket, int stop) {
  pollfd entries[2] = {{socket, POLLIN, 0}, {stop, POLLIN, 0}};
  poll(entries, 2, -1);
  return entries[1].revents == 0;
}

void say(int socket, ByteView octets) {
  send(socket, octets.data(), octets.size(), MSG_NOSIGNAL);  // fits into the empty buffer of a fresh socket
}

}  // namespace

bool is_scripted(const Faults& faults) {
  return faults.not_tls || faults.stall_handshake || faults.tls11_only;
}

void play_scripted_peer(net::UniqueFd socket, const Faults& faults, int stop) {
  bool spoken = faults.stall_handshake;
  std::uint8_t scratch[4096];
  while (wait_readable(socket.get(), stop)) {
    const ssize_t got = recv(socket.get(), scratch, sizeof scratch, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return;
    if (got < 0 || spoken) continue;
    spoken = true;
    if (faults.tls11_only) {
      say(socket.get(), tls11_server_hello());
    } else {
      say(socket.get(), {reinterpret_cast<const std::uint8_t*>(kPlainText.data()), kPlainText.size()});
      shutdown(socket.get(), SHUT_WR);
    }
  }
}

}  // namespace lab
