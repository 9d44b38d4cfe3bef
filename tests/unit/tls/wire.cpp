#include "tests/unit/tls/wire.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <sys/socket.h>
#include <system_error>

namespace tls_test {

TempDir::TempDir() : path_((std::filesystem::temp_directory_path() / "unit_tls.XXXXXX").string()) {
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make " + path_);
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::write(const std::string& name, const std::string& content) const {
  tls::write_file(file(name), content, false);
  return file(name);
}

Classroom::Classroom()
    : ca(tls::issue_self_signed({.common_name = "Classroom CA", .names = {}, .ca = true})) {
  const tls::Identity server =
      tls::issue({.common_name = "dot.example", .names = {"DNS:dot.example", "IP:127.0.0.1", "IP:::1"}}, ca);
  ca_file = directory.write("ca.pem", ca.certificate);
  cert_file = directory.write("cert.pem", server.certificate);
  key_file = directory.write("key.pem", server.key);
}

tls::ClientOptions Classroom::options(const std::string& name) const {
  return {.ca_file = ca_file, .auth_name = name, .sni = {}};
}

const Classroom& classroom() {
  static const Classroom made;
  return made;
}

Cable::Cable() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::runtime_error("socketpair failed");
  plug_.reset(ends[0]);
  held_.reset(ends[1]);
}

Bytes Cable::take() {
  Bytes out;
  std::uint8_t chunk[16384];
  for (;;) {
    const ssize_t count = recv(held_.get(), chunk, sizeof chunk, 0);
    if (count <= 0) return out;
    out.insert(out.end(), chunk, chunk + count);
  }
}

void Cable::give(ByteView octets) {
  if (octets.empty() || !held_.valid()) return;
  // A stream that has closed its socket misses them, as in life.
  const ssize_t count = send(held_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
  if (count < 0 ? errno != EPIPE : static_cast<std::size_t>(count) != octets.size())
    throw std::runtime_error("the cable is full");
}

void Cable::cut() {
  take();  // octets left unread would make it a reset
  held_.reset();
}

bool Cable::ended() {
  take();
  std::uint8_t octet = 0;
  return recv(held_.get(), &octet, 1, MSG_PEEK) == 0;
}

bool End::handshake() {
  if (error) return true;
  try {
    return stream.try_handshake() == net::IoResult::Status::done;
  } catch (const tls::TlsError& failure) {
    error = failure;
    return true;
  }
}

std::string End::read(std::size_t size) {
  Bytes into(size);
  const net::IoResult result = stream.try_read(into);
  return {into.begin(), into.begin() + static_cast<std::ptrdiff_t>(result.count)};
}

void End::write(const std::string& text) {
  const net::IoResult result = stream.try_write(octets(text));
  if (result.count != text.size()) throw std::runtime_error("not all was written");
}

void shake(End& client, End& server, std::size_t at_a_time) {
  Bytes to_server, to_client;
  const auto some = [at_a_time](Bytes& from, End& to) {
    const auto count = std::min(at_a_time, from.size());
    to.cable.give({from.data(), count});
    from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
  };
  for (int step = 0; step < 100'000; ++step) {
    const bool client_done = client.handshake();
    const bool server_done = server.handshake();
    for (const std::uint8_t octet : client.cable.take()) to_server.push_back(octet);
    for (const std::uint8_t octet : server.cable.take()) to_client.push_back(octet);
    if (client_done && server_done && to_server.empty() && to_client.empty()) return;
    some(to_server, server);
    some(to_client, client);
  }
  throw std::runtime_error("the handshake goes on for ever");
}

bool shake(End& end, tls::RawPeer& peer) {
  bool peer_failed = false;
  for (int step = 0; step < 100; ++step) {
    bool peer_done = peer_failed;
    try {
      if (!peer_failed) peer_done = peer.handshake();
    } catch (const std::runtime_error&) {
      peer_failed = peer_done = true;
    }
    const bool end_done = end.handshake();
    carry(peer, end);
    carry(end, peer);
    if (peer_done && end_done) return !peer_failed;
  }
  return false;
}

void carry(End& from, End& to) {
  to.cable.give(from.cable.take());
}

void carry(End& from, tls::RawPeer& to) {
  to.receive(from.cable.take());
}

void carry(tls::RawPeer& from, End& to) {
  to.cable.give(from.transmit());
}

}  // namespace tls_test
