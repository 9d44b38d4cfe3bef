#include "tests/support/raw_client.h"

#include <poll.h>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/socket.h>

#include "common/net/net_error.h"
#include "tests/support/hex.h"

using Status = net::IoResult::Status;

tls::RawPeer& RawClient::tls() {
  if (!tls_) tls_.emplace(options_);
  return *tls_;
}

Bytes RawClient::client_hello() {
  tls().handshake();
  return tls().transmit();
}

void RawClient::handshake() {
  const auto deadline = net::Deadline::in(kPatience);
  std::uint8_t octets[4096];
  while (!tls().handshake()) {
    send(tls().transmit());
    const std::size_t count = tcp_.stream().read_some(octets, deadline);
    if (count == 0) throw std::runtime_error("closed in the handshake");
    tls().receive({octets, count});
  }
  send(tls().transmit());
}

bool RawClient::push() try {
  if (unsent_.empty()) unsent_ = tls().transmit();
  if (unsent_.empty()) return true;
  const net::IoResult result = tcp_.stream().try_write(unsent_);
  unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(result.count));
  return result.status == Status::done;
} catch (const net::NetError&) {
  return false;
}

void RawClient::send_sealed(ByteView octets) {
  tls().write(octets);
  send(tls().transmit());
}

Bytes RawClient::read_sealed(std::size_t least) {
  const auto deadline = net::Deadline::in(kPatience);
  Bytes plain = tls().read();
  std::uint8_t octets[4096];
  while (plain.size() < least) {
    const std::size_t count = tcp_.stream().read_some(octets, deadline);
    if (count == 0) throw std::runtime_error("closed before the answer");
    tls().receive({octets, count});
    const Bytes more = tls().read();
    plain.insert(plain.end(), more.begin(), more.end());
  }
  return plain;
}

bool RawClient::ended(net::Deadline deadline) try {
  std::uint8_t octets[4096];
  while (tcp_.stream().read_some(octets, deadline) > 0) {
  }
  return true;
} catch (const net::NetError& error) {
  return error.kind() != net::NetError::Kind::timeout;
}

void RawClient::end(End how) try {
  if (how == End::reset) {
    const linger at_once{1, 0};
    setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    return;  // when the socket is closed
  }
  if (how == End::close_notify) {
    tls().close();
  } else if (how == End::alert) {
    // A record that it cannot open makes OpenSSL send bad_record_mac, sealed if there are keys.
    tls().receive(hex("17 03 03 00 20 0000000000000000 0000000000000000 0000000000000000 0000000000000000"));
    try {
      tls().read();
    } catch (const std::runtime_error&) {
    }
  }
  if (const Bytes last_words = tls().transmit(); !last_words.empty()) tcp_.stream().try_write(last_words);
  shutdown(fd(), SHUT_WR);
} catch (const net::NetError&) {
  // The proxy was faster.
}

std::vector<RawClient> crowd(std::size_t count, const net::Endpoint& endpoint, ByteView octets) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  std::vector<RawClient> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.emplace_back(endpoint);
    if (!octets.empty()) all.back().send(octets);
  }
  return all;
}
