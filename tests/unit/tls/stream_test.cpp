// A connection that stands: reading, writing, closing, and peers that try to keep us busy.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <poll.h>
#include <sys/ioctl.h>
#include <thread>

#include "common/net/net_error.h"
#include "common/net/tcp.h"
#include "tests/support/catch.h"
#include "tests/unit/tls/wire.h"

using namespace tls_test;
using tls::ClientContext;
using tls::RawPeer;
using tls::ServerContext;
using tls::TlsStream;
using Kind = tls::TlsError::Kind;
using Status = net::IoResult::Status;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const ServerContext& server_context() {
  static const ServerContext context = classroom().server();
  return context;
}

const ClientContext& client_context() {
  static const ClientContext context(classroom().options());
  return context;
}

// Our server, and a client that can do what it should not.
struct Meeting {
  End server{server_context()};
  RawPeer peer;

  explicit Meeting(int version = 0x0304) : peer(client(version)) {
    if (!shake(server, peer)) throw std::runtime_error("no handshake");
  }

  static tls::RawOptions client(int version) {
    tls::RawOptions options;
    options.version = version;
    return options;
  }
};

int waiting(const net::Stream& stream) {
  int octets_waiting = 0;
  REQUIRE(ioctl(stream.fd(), FIONREAD, &octets_waiting) == 0);
  return octets_waiting;
}

struct TcpPair {
  net::UniqueFd client, server;

  TcpPair() {
    const net::UniqueFd listener = net::listen_tcp(*net::SocketAddress::parse("127.0.0.1", 0), 1);
    client = net::connect_tcp(net::SocketAddress::of_socket(listener.get()), net::Deadline::in(seconds(5)));
    net::wait_for(listener.get(), POLLIN, net::Deadline::in(seconds(5)), "accept");
    server.reset(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  }
};

}  // namespace

TEST_CASE("Several records in one segment are read one by one while has_buffered() says so") {
  Meeting m;
  for (const char* text : {"one", "two", "three"}) m.peer.write(octets(text));
  carry(m.peer, m.server);
  CHECK(m.server.read() == "one");
  CHECK(waiting(m.server.stream) == 0);  // one recv() took them all: poll(2) would see nothing
  REQUIRE(m.server.stream.has_buffered());
  CHECK(m.server.read() == "two");
  REQUIRE(m.server.stream.has_buffered());
  CHECK(m.server.read() == "three");
  CHECK_FALSE(m.server.stream.has_buffered());
}

TEST_CASE("A record larger than the caller's buffer is handed out in parts") {
  Meeting m;
  m.peer.write(octets(std::string(5000, 'x')));
  carry(m.peer, m.server);
  CHECK(m.server.read(3000).size() == 3000);
  REQUIRE(m.server.stream.has_buffered());
  CHECK(m.server.read(3000).size() == 2000);
  CHECK_FALSE(m.server.stream.has_buffered());
}

TEST_CASE("Half a record is not buffered data: the caller polls instead of spinning") {
  Meeting m;
  m.peer.write(octets("whole"));
  m.peer.write(octets("half"));
  const Bytes wire = m.peer.transmit();
  m.server.cable.give({wire.data(), wire.size() - 3});
  CHECK(m.server.read() == "whole");
  Bytes into(100);
  for (int spin = 0; m.server.stream.has_buffered(); ++spin) {
    REQUIRE(spin < 2);
    CHECK(m.server.stream.try_read(into).status == Status::want_read);
  }
  m.server.cable.give({wire.data() + wire.size() - 3, 3});
  CHECK(m.server.read() == "half");
  CHECK_FALSE(m.server.stream.has_buffered());
}

TEST_CASE("A query that came in one segment with the end of the handshake is noticed") {
  End server(server_context());
  RawPeer peer(Meeting::client(0x0304));
  peer.handshake();
  carry(peer, server);
  Bytes into(100);
  // At most one recv() a call; OpenSSL 3.2 and later take two for a handshake record, since they read ahead
  // only what follows the handshake.
  do CHECK(server.stream.try_read(into).status == Status::want_read);
  while (waiting(server.stream) > 0);
  carry(server, peer);
  REQUIRE(peer.handshake());
  peer.write(octets("query"));
  carry(peer, server);
  for (int calls = 0; !server.handshake(); ++calls) REQUIRE(calls < 10);
  // Read ahead, or still in the socket: one of the two a session looks at.
  CHECK(server.stream.has_buffered() == (waiting(server.stream) == 0));
  CHECK(server.read() == "query");
}

TEST_CASE("Tickets and key updates in one segment with an answer do not hide it (RFC 8446 §4.6)") {
  tls::RawOptions options;
  options.cert_file = classroom().cert_file;
  options.key_file = classroom().key_file;
  options.version = 0x0304;
  RawPeer peer(options);
  End client(client_context());
  REQUIRE(shake(client, peer));
  peer.send_ticket();
  peer.key_update();
  peer.write(octets("answer"));
  peer.key_update();
  peer.send_ticket();
  peer.write(octets("another"));
  peer.key_update();
  carry(peer, client);
  Bytes into(100);
  std::string received;
  // What a session does: read; where nothing is buffered, poll. Here the wire is silent, so poll would never
  // return.
  do received += client.read();
  while (client.stream.has_buffered() || waiting(client.stream) > 0);
  CHECK(received == "answeranother");
}

TEST_CASE("A key update that asks for one in return gets it, and data flows on (RFC 8446 §4.6.3)") {
  Meeting m;
  m.peer.key_update(true);
  m.peer.write(octets("after"));
  carry(m.peer, m.server);
  CHECK(m.server.read() == "after");
  m.server.write("reply");
  carry(m.server, m.peer);
  CHECK(m.peer.read() == Bytes{'r', 'e', 'p', 'l', 'y'});
}

TEST_CASE("One try_read() does a bounded amount of work, however many key updates are waiting") {
  Meeting m;
  for (int i = 0; i < 3000; ++i) m.peer.key_update();
  carry(m.peer, m.server);
  const int before = waiting(m.server.stream);
  REQUIRE(before > 60'000);
  Bytes into(100);
  int reads = 0;
  for (int left = before; left > 0; ++reads) {
    CHECK(m.server.stream.try_read(into).status == Status::want_read);
    CHECK_FALSE(m.server.stream.has_buffered());
    CHECK(waiting(m.server.stream) < left);
    CHECK(left - waiting(m.server.stream) < 20'000);
    left = waiting(m.server.stream);
  }
  CHECK(reads > 3);
  m.peer.write(octets("after all"));
  carry(m.peer, m.server);
  CHECK(m.server.read() == "after all");
}

TEST_CASE("A flood of key updates holds a reader no longer than its deadline") {
  TcpPair sockets;
  std::atomic<bool> stop = false;
  std::thread flood([&stop, fd = sockets.client.get()] {
    RawPeer peer(Meeting::client(0x0304));
    Bytes chunk(65536);
    while (!stop) {
      try {
        if (peer.handshake())
          for (int i = 0; i < 100; ++i) peer.key_update();
      } catch (const std::runtime_error&) {
        return;
      }
      const Bytes out = peer.transmit();
      for (std::size_t sent = 0; sent < out.size() && !stop;) {
        pollfd entry{fd, POLLOUT, 0};
        poll(&entry, 1, 10);
        const ssize_t count = send(fd, out.data() + sent, out.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count > 0) sent += static_cast<std::size_t>(count);
      }
      pollfd entry{fd, POLLIN, 0};
      if (poll(&entry, 1, out.empty() ? 10 : 0) > 0) {
        const ssize_t count = recv(fd, chunk.data(), chunk.size(), MSG_DONTWAIT);
        if (count > 0) peer.receive({chunk.data(), static_cast<std::size_t>(count)});
      }
    }
  });
  TlsStream server(std::move(sockets.server), server_context(), "flooder");
  server.handshake(net::Deadline::in(seconds(10)));
  Bytes into(100);
  const auto start = std::chrono::steady_clock::now();
  bool timed_out = false;
  try {
    server.read_some(into, net::Deadline::in(milliseconds(100)));
  } catch (const net::NetError& error) {
    timed_out = error.kind() == net::NetError::Kind::timeout;
  }
  const auto took = std::chrono::steady_clock::now() - start;
  stop = true;
  flood.join();
  CHECK(timed_out);
  CHECK(took < seconds(5));
}

TEST_CASE("A megabyte written to a reader slower than the writer arrives whole") {
  TcpPair sockets;
  std::string sent(1 << 20, '\0');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 31 >> 3);
  const net::Deadline deadline = net::Deadline::in(seconds(30));
  std::thread writer([&, fd = sockets.client.release()] {
    TlsStream client(net::UniqueFd(fd), client_context(), "server");
    client.write_all(octets(sent), deadline);
    client.close();
    Bytes unused(10);  // waits for the other end to have read it all: to leave earlier could reset it
    client.read_some(unused, deadline);
  });
  TlsStream server(std::move(sockets.server), server_context(), "client");
  std::string received;
  Bytes into(777);  // never a whole record: the sockets' buffers fill up meanwhile
  try {
    while (const std::size_t count = server.read_some(into, deadline))
      received.append(into.begin(), into.begin() + static_cast<std::ptrdiff_t>(count));
  } catch (const std::exception& error) {
    CHECK(std::string(error.what()).empty());
  }
  server.close();
  writer.join();
  CHECK(received.size() == sent.size());
  CHECK((received == sent));
}

TEST_CASE("A write that would block moves nothing, and may be tried again from other memory") {
  End server(server_context()), client(client_context());
  shake(client, server);
  const std::string block(16384, 'b');
  std::size_t taken = 0;
  net::IoResult result{Status::done};
  while (result.status == Status::done) {
    const std::string copy = block;
    result = client.stream.try_write(octets(copy));
    taken += result.count;
  }
  CHECK(result.status == Status::want_write);
  CHECK(result.count == 0);
  std::string received;
  Bytes wire = client.cable.take();
  for (int step = 0; step < 1000 && !wire.empty(); ++step) {
    const std::size_t count = std::min<std::size_t>(wire.size(), 30'000);
    server.cable.give({wire.data(), count});
    wire.erase(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(count));
    do received += server.read();
    while (server.stream.has_buffered() || waiting(server.stream) > 0);
    if (result.status == Status::want_write) {
      const std::string elsewhere = block;
      result = client.stream.try_write(octets(elsewhere));
    }
    for (const std::uint8_t octet : client.cable.take()) wire.push_back(octet);
  }
  CHECK(received.size() == taken + block.size());
  CHECK((received == std::string(taken + block.size(), 'b')));
}

TEST_CASE("close() sends close_notify once and ends its side, the peer reads the end (RFC 8446 §6.1)") {
  End server(server_context()), client(client_context());
  shake(client, server);
  client.write("last");
  client.stream.close();
  client.stream.close();
  const Bytes wire = client.cable.take();
  CHECK(client.cable.ended());
  server.cable.give(wire);
  CHECK(server.read() == "last");
  Bytes into(10);
  CHECK(server.stream.has_buffered());
  CHECK(server.stream.try_read(into).status == Status::closed);
  CHECK(server.stream.try_read(into).status == Status::closed);
  CHECK_FALSE(server.stream.has_buffered());
  server.write("still heard");  // half-closed: the peer may go on reading
}

TEST_CASE("FIN without close_notify is a plain end: the framing tells what is missing (RFC 7766 §8)") {
  End server(server_context()), client(client_context());
  shake(client, server);
  client.write("last");
  carry(client, server);
  server.cable.cut();
  CHECK(server.read() == "last");
  Bytes into(10);
  CHECK(server.stream.try_read(into).status == Status::closed);
}

TEST_CASE("A reset is a NetError, and writing after it raises no SIGPIPE") {
  REQUIRE(std::signal(SIGPIPE, SIG_DFL) != SIG_ERR);
  TcpPair sockets;
  const int peer = sockets.client.get();
  TlsStream server(std::move(sockets.server), server_context(), "client");
  const linger hard{1, 0};
  REQUIRE(setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard) == 0);
  SECTION("in the handshake") {
    sockets.client.reset();
    try {
      server.handshake(net::Deadline::in(seconds(5)));
      FAIL("it succeeded with nobody there");
    } catch (const net::NetError& error) {
      CHECK(error.kind() == net::NetError::Kind::reset);
      CHECK(std::string(error.what()) == "TLS handshake with client: Connection reset by peer");
    }
  }
  SECTION("on a connection that stands") {
    std::thread shaker([&] { server.handshake(net::Deadline::in(seconds(5))); });
    {
      TlsStream client(std::move(sockets.client), client_context(), "server");
      client.handshake(net::Deadline::in(seconds(5)));
      shaker.join();
    }
    Bytes into(10);
    net::wait_for(server.fd(), POLLIN, net::Deadline::in(seconds(5)), "wait");
    int resets = 0;
    for (int i = 0; i < 2 && resets == 0; ++i) {
      try {
        if (i == 0)
          server.try_write(octets("nobody there"));
        else
          server.read_some(into, net::Deadline::in(seconds(5)));
      } catch (const net::NetError& error) {
        CHECK(error.kind() == net::NetError::Kind::reset);
        ++resets;
      }
    }
    CHECK(resets == 1);
  }
}

TEST_CASE("A failure on one connection leaves the next one of the same thread alone (no stale error queue)") {
  End standing_server(server_context()), standing_client(client_context());
  shake(standing_client, standing_server);
  for (int i = 0; i < 3; ++i) {
    End other(server_context());
    other.cable.give(octets("this is not TLS, not even a little"));
    REQUIRE(other.handshake());
    REQUIRE(other.error);
    Bytes into(10);
    CHECK(standing_server.stream.try_read(into).status == Status::want_read);
    standing_client.write("ping");
    carry(standing_client, standing_server);
    CHECK(standing_server.read() == "ping");
  }
}

TEST_CASE("A record that was tampered with ends the connection: Kind::protocol") {
  End server(server_context()), client(client_context());
  shake(client, server);
  client.write("query");
  Bytes wire = client.cable.take();
  wire.back() ^= 1;
  server.cable.give(wire);
  try {
    server.read();
    FAIL("it was believed");
  } catch (const tls::TlsError& error) {
    CHECK(error.kind() == Kind::protocol);
    CHECK(std::string(error.what()).starts_with("read from peer: "));
  }
  server.stream.close();  // after a fatal error: no close_notify, no harm
}

TEST_CASE("TLS 1.2 renegotiation is refused with no_renegotiation (RFC 5246 §7.2.2, RFC 9325 §3.5)") {
  Meeting m(0x0303);
  m.peer.renegotiate();
  carry(m.peer, m.server);
  Bytes into(100);
  CHECK(m.server.stream.try_read(into).status == Status::want_read);
  carry(m.server, m.peer);
  CHECK_THROWS_WITH(m.peer.read(), "read: no renegotiation");
}
