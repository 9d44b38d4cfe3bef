#include "tests/lab/scripted_peer.h"

#include <cerrno>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>

namespace lab {
namespace {

constexpr std::string_view kPlainText = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";

// False: told to stop.
bool wait_readable(int socket, int stop) {
  pollfd entries[2] = {{socket, POLLIN, 0}, {stop, POLLIN, 0}};
  poll(entries, 2, -1);
  return entries[1].revents == 0;
}

}  // namespace

bool is_scripted(const Faults& faults) {
  return faults.not_tls || faults.stall_handshake;
}

void play_scripted_peer(net::UniqueFd socket, const Faults& faults, int stop) {
  bool spoken = faults.stall_handshake;
  std::uint8_t scratch[4096];
  while (wait_readable(socket.get(), stop)) {
    const ssize_t got = recv(socket.get(), scratch, sizeof scratch, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return;
    if (got < 0 || spoken) continue;
    spoken = true;
    // It fits into the empty buffer of a fresh socket.
    send(socket.get(), kPlainText.data(), kPlainText.size(), MSG_NOSIGNAL);
    shutdown(socket.get(), SHUT_WR);
  }
}

}  // namespace lab
