// The measure for client's own costs: the least that a DNS-over-TLS client can do with OpenSSL. It connects
// to 127.0.0.1, verifies, asks for google.com A, reads the answer and ends. For tests/bench/client_start.sh
// alone.
//
//   bare_client PORT CA-FILE
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr unsigned char kQuery[] = {
    0, 28,  0x12, 0x34, 1,   0,   0,   1, 0,   0,   0,   0, 0, 0,  // length, header: RD
    6, 'g', 'o',  'o',  'g', 'l', 'e', 3, 'c', 'o', 'm', 0, 0, 1, 0, 1};

int connect_to(const char* port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(std::strtol(port, nullptr, 10)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? fd : -1;
}

// Waits for the length and for as many octets; false if the connection ends first.
bool read_answer(SSL* ssl) {
  unsigned char buffer[2 + 65535];
  int have = 0;
  for (;;) {
    if (have >= 2 && have >= 2 + (buffer[0] << 8 | buffer[1])) return (buffer[5] & 0x0f) == 0;  // NOERROR
    const int got = SSL_read(ssl, buffer + have, static_cast<int>(sizeof buffer) - have);
    if (got <= 0) return false;
    have += got;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 1;
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr);
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  if (SSL_CTX_load_verify_file(context, argv[2]) != 1) return 26;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  constexpr unsigned char kAlpn[] = {3, 'd', 'o', 't'};
  SSL_CTX_set_alpn_protos(context, kAlpn, sizeof kAlpn);
  SSL* const ssl = SSL_new(context);
  X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), "127.0.0.1");
  const int fd = connect_to(argv[1]);
  if (fd < 0 || SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1) return 21;
  if (SSL_write(ssl, kQuery, sizeof kQuery) != sizeof kQuery || !read_answer(ssl)) return 27;
  SSL_shutdown(ssl);
  close(fd);
  return 0;
}
