// What a thread per connection costs if it does nothing else: for tests/bench/compare alone, a relay that
// knows TLS and nothing of DNS. It waits for either side, and hands on what it reads. No limits, no
// deadlines, no second try. What proxyserver costs beyond it is ours; what it costs beyond nginx is the price
// of threads.
//
//   thread_relay PORT UPSTREAM-PORT CERTIFICATE KEY CA
//
// Both ports are on 127.0.0.1; the upstream is to be "localhost".
#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sched.h>
#include <stdexcept>
#include <thread>
#include <utility>

#include "common/net/unique_fd.h"
#include "common/tls/handles.h"

namespace {

void check(bool worked, const char* what) {
  if (!worked) throw std::runtime_error(what);
}

sockaddr_in loopback(const char* port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(std::strtol(port, nullptr, 10)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

tls::SslContext make_context(const SSL_METHOD* method) {
  tls::SslContext context(SSL_CTX_new(method));
  SSL_CTX_set_read_ahead(context.get(), 1);  // one system call takes in whole records
  return context;
}

tls::Ssl on(SSL_CTX* context, int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  tls::Ssl ssl(SSL_new(context));
  return ssl && SSL_set_fd(ssl.get(), socket) == 1 ? std::move(ssl) : nullptr;
}

// Hands on all that can be read now; false once there will be no more.
bool hand_on(SSL* from, SSL* to) {
  std::array<char, 16384> octets;
  std::size_t count = 0;
  do {
    const int read = SSL_read(from, octets.data() + count, static_cast<int>(octets.size() - count));
    if (read <= 0 && SSL_get_error(from, read) != SSL_ERROR_WANT_READ) return false;
    if (read <= 0) break;
    count += static_cast<std::size_t>(read);
  } while (count < octets.size() && SSL_has_pending(from) != 0);
  return count == 0 || SSL_write(to, octets.data(), static_cast<int>(count)) == static_cast<int>(count);
}

void relay(net::UniqueFd client, const sockaddr_in& upstream, SSL_CTX* server_side, SSL_CTX* client_side) {
  const net::UniqueFd resolver(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const tls::Ssl near = on(server_side, client.get());
  const tls::Ssl far = on(client_side, resolver.get());
  if (!near || !far || SSL_set1_host(far.get(), "localhost") != 1 || SSL_accept(near.get()) != 1 ||
      connect(resolver.get(), reinterpret_cast<const sockaddr*>(&upstream), sizeof(upstream)) != 0 ||
      SSL_connect(far.get()) != 1)
    return;
  for (const int socket : {client.get(), resolver.get()}) fcntl(socket, F_SETFL, O_NONBLOCK);
  // The first query may have come with the end of the handshake, where poll cannot see it: so read first.
  std::array<pollfd, 2> sides{{{client.get(), POLLIN, POLLIN}, {resolver.get(), POLLIN, 0}}};
  do {
    if (sides[0].revents != 0 && !hand_on(near.get(), far.get())) return;
    if (sides[1].revents != 0 && !hand_on(far.get(), near.get())) return;
  } while (poll(sides.data(), sides.size(), -1) > 0);
}

}  // namespace

int main(int argc, char** argv) try {
  check(argc == 6, "thread_relay PORT UPSTREAM-PORT CERTIFICATE KEY CA");
  std::signal(SIGPIPE, SIG_IGN);
  const sched_param none{};
  sched_setscheduler(0, SCHED_BATCH, &none);  // as proxyserver does under such load
  const tls::SslContext server_side = make_context(TLS_server_method());
  check(SSL_CTX_use_certificate_chain_file(server_side.get(), argv[3]) == 1 &&
            SSL_CTX_use_PrivateKey_file(server_side.get(), argv[4], SSL_FILETYPE_PEM) == 1,
        "load the certificate and its key");
  const tls::SslContext client_side = make_context(TLS_client_method());
  check(SSL_CTX_load_verify_locations(client_side.get(), argv[5], nullptr) == 1, "load the trust anchors");
  SSL_CTX_set_verify(client_side.get(), SSL_VERIFY_PEER, nullptr);

  const net::UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in here = loopback(argv[1]);
  check(bind(listener.get(), reinterpret_cast<const sockaddr*>(&here), sizeof(here)) == 0 &&
            listen(listener.get(), SOMAXCONN) == 0,
        "listen");
  for (;;) {
    net::UniqueFd client(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client.valid())
      std::thread(relay, std::move(client), loopback(argv[2]), server_side.get(), client_side.get()).detach();
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "thread_relay: %s\n", error.what());
  return 1;
}
