#include "tests/bench/relay.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sched.h>
#include <stdexcept>
#include <thread>
#include <utility>

namespace relay {

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
  SSL_CTX_set_mode(context.get(), SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

tls::Ssl on(SSL_CTX* context, int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  tls::Ssl ssl(SSL_new(context));
  return ssl && SSL_set_fd(ssl.get(), socket) == 1 ? std::move(ssl) : nullptr;
}

}  // namespace

tls::Ssl accept_client(int socket, const Contexts& contexts) {
  tls::Ssl ssl = on(contexts.server_side.get(), socket);
  if (!ssl || SSL_accept(ssl.get()) != 1) return nullptr;
  fcntl(socket, F_SETFL, O_NONBLOCK);
  return ssl;
}

tls::Ssl connect_upstream(int socket, const Contexts& contexts) {
  tls::Ssl ssl = on(contexts.client_side.get(), socket);
  if (!ssl || SSL_set1_host(ssl.get(), "localhost") != 1 ||
      connect(socket, reinterpret_cast<const sockaddr*>(&contexts.upstream), sizeof(contexts.upstream)) !=
          0 ||
      SSL_connect(ssl.get()) != 1)
    return nullptr;
  fcntl(socket, F_SETFL, O_NONBLOCK);
  return ssl;
}

bool read_all(SSL* from, std::string& octets) {
  std::array<char, 16384> part;
  do {
    ERR_clear_error();
    const int count = SSL_read(from, part.data(), static_cast<int>(part.size()));
    if (count <= 0) return SSL_get_error(from, count) == SSL_ERROR_WANT_READ;
    octets.append(part.data(), static_cast<std::size_t>(count));
  } while (SSL_has_pending(from) != 0);
  return true;
}

bool write_all(SSL* to, const std::string& octets) {
  for (;;) {
    ERR_clear_error();
    const int count = SSL_write(to, octets.data(), static_cast<int>(octets.size()));
    if (count > 0) return true;  // all of it: partial writes are not enabled
    if (SSL_get_error(to, count) != SSL_ERROR_WANT_WRITE) return false;
    pollfd socket{SSL_get_fd(to), POLLOUT, 0};
    poll(&socket, 1, -1);
  }
}

Contexts make_contexts(int argc, char** argv) {
  check(argc == 6, "it takes PORT UPSTREAM-PORT CERTIFICATE KEY CA");
  std::signal(SIGPIPE, SIG_IGN);
  const sched_param none{};
  sched_setscheduler(0, SCHED_BATCH, &none);  // threads inherit it; it saves wake-ups under load
  Contexts contexts{make_context(TLS_server_method()), make_context(TLS_client_method()), loopback(argv[2])};
  SSL_CTX* const server_side = contexts.server_side.get();
  check(SSL_CTX_use_certificate_chain_file(server_side, argv[3]) == 1 &&
            SSL_CTX_use_PrivateKey_file(server_side, argv[4], SSL_FILETYPE_PEM) == 1,
        "load the certificate and its key");
  SSL_CTX* const client_side = contexts.client_side.get();
  check(SSL_CTX_load_verify_locations(client_side, argv[5], nullptr) == 1, "load the trust anchors");
  SSL_CTX_set_verify(client_side, SSL_VERIFY_PEER, nullptr);
  return contexts;
}

void run(const char* port, void (*serve)(net::UniqueFd client)) {
  const net::UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in here = loopback(port);
  check(bind(listener.get(), reinterpret_cast<const sockaddr*>(&here), sizeof(here)) == 0 &&
            listen(listener.get(), SOMAXCONN) == 0,
        "listen");
  for (;;) {
    net::UniqueFd client(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client.valid()) std::thread(serve, std::move(client)).detach();
  }
}

}  // namespace relay
