// A client comes in: whether it is served, its thread, and what that thread does from the handshake to the
// end.
#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <new>
#include <poll.h>
#include <sys/socket.h>

#include "common/net/net_error.h"
#include "common/net/tcp.h"
#include "common/tls/tls_error.h"
#include "common/tls/tls_stream.h"
#include "proxyserver/clients/session.h"
#include "proxyserver/listening/server.h"

namespace {

using net::NetError;

constexpr std::chrono::milliseconds kLinger{500};

std::string facts(std::string_view peer, std::string_view reason) {
  return fmt::format("{} {}", logging::field("client", peer), logging::field("reason", reason));
}

// The client broke the connection off, rather than that we gave up on it.
bool is_clients_doing(const std::exception& cause) {
  if (const auto* error = dynamic_cast<const NetError*>(&cause))
    return error->kind() == NetError::Kind::reset || error->kind() == NetError::Kind::closed;
  const auto* error = dynamic_cast<const tls::TlsError*>(&cause);
  return error != nullptr &&
         (error->kind() == tls::TlsError::Kind::alert || error->kind() == tls::TlsError::Kind::closed);
}

// Clients come and go as they like, and scanners do: that is no event, but for who wants to see each. An
// alert is: it says why the client does not want us.
void log_lost(const std::string& peer, const std::exception& cause) {
  const auto* alert = dynamic_cast<const tls::TlsError*>(&cause);
  if (!is_clients_doing(cause) || (alert != nullptr && alert->kind() == tls::TlsError::Kind::alert))
    return logging::write_summed(logging::Level::info, "client-lost", {},
                                 [&] { return facts(peer, cause.what()); });
  if (logging::enabled(logging::Level::debug))
    logging::write(logging::Level::debug, "client-lost", facts(peer, cause.what()));
}

// A socket that is closed with octets unread resets the connection, and the reset destroys answers that the
// client has not fetched yet. So what still comes is read, and thrown away, until the client closes too; not
// for long.
void discard_rest(int fd) {
  const net::Deadline deadline = net::Deadline::in(kLinger);
  std::array<std::uint8_t, 512> scrap;
  for (;;) {
    pollfd entry{fd, POLLIN, 0};
    if (deadline.expired() || poll(&entry, 1, deadline.poll_ms()) <= 0) return;
    if (recv(fd, scrap.data(), scrap.size(), MSG_DONTWAIT) <= 0) return;
  }
}

}  // namespace

bool Server::refuse(const net::SocketAddress& client, net::Transport transport, Metrics::Rule rule,
                    std::string_view reason) {
  if (instruments_.metrics) instruments_.metrics->client_refused(transport, rule);
  if (rule != Metrics::Rule::proxy_from && rule != Metrics::Rule::proxy_header) {
    logging::write_summed(logging::Level::info, "client-refused", {},
                          [&] { return facts(client.to_string(), reason); });
    return true;
  }
  // Few load balancers, and few reasons, each of which somebody has to see.
  logging::write_summed(logging::Level::info, "client-refused", logging::field("reason", reason),
                        logging::field("client", client.to_string()));
  return true;
}

bool Server::refuses(const net::SocketAddress& client, const ClientKey& key, bool has_room,
                     net::Transport transport) {
  if (!replaceable_.allow.current().permits(client))
    return refuse(client, transport, Metrics::Rule::allow, "not among --allow");
  if (!has_room) return refuse(client, transport, Metrics::Rule::per_client, "--max-connections-per-client");
  const std::size_t handshakes = replaceable_.limits.current().max_handshakes_per_client;
  if (handshakes != 0 && transport == net::Transport::tls &&
      !rates_.handshakes.take(key, handshakes, net::Deadline::Clock::now()))
    return refuse(client, transport, Metrics::Rule::handshakes, "--max-handshakes-per-client");
  return false;
}

bool Server::accept_from(const Listener& listener) {
  for (int i = 0; i < kAcceptBatch && !sessions_.full(); ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    net::UniqueFd socket(accept4(listener.socket.get(), reinterpret_cast<sockaddr*>(&address), &size,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.valid()) return accept_failed(errno), false;
    const Limits& limits = replaceable_.limits.current();
    const Arrival arrival{listener.transport == net::Transport::tls ? replaceable_.identity : nullptr,
                          net::SocketAddress::from(address, size), std::nullopt,
                          net::Deadline::in(limits.handshake)};
    const ClientKey key = client_key(arrival.from);
    if (listener.proxied) {  // whose connection it is will be seen
      if (refuses_balancer(arrival)) continue;
    } else {
      const bool has_room = sessions_.of_client(key) < limits.max_per_client;
      if (refuses(arrival.from, key, has_room, listener.transport)) continue;
      if (instruments_.trace) instruments_.trace->accepted(arrival.from.to_string(), listener.uri);
    }
    const int fd = socket.get();
    const bool started = sessions_.start(
        fd, listener.proxied ? std::nullopt : std::optional(key),
        [this, arrival, socket = std::make_shared<net::UniqueFd>(std::move(socket)),
         proxied_by = listener.proxied ? listener.uri : ""](const LiveSessions::Place& place) {
          if (proxied_by.empty()) return serve(std::move(*socket), arrival, place);
          serve_proxied(std::move(*socket), arrival, proxied_by, place);
        });
    if (started) continue;
    if (instruments_.metrics)
      instruments_.metrics->client_refused(listener.transport, Metrics::Rule::no_thread);
    return pause_accepting("no thread to be had"), false;
  }
  return !sessions_.full();
}

// Errors of one connection are skipped; a lack of descriptors, memory or threads passes only when sessions
// end, so accepting pauses: the waiting connection stays readable all the while, and poll(2) would not wait.
void Server::accept_failed(int error) {
  if (error == EWOULDBLOCK) return;
  if (error == EINTR || error == ECONNABORTED || error == EPROTO) return;
  pause_accepting(strerrordesc_np(error));
}

void Server::pause_accepting(const char* reason) {
  resume_accepting_ = net::Deadline::in(kAcceptPause);
  if (instruments_.metrics) instruments_.metrics->accepting_paused();
  logging::write_summed(logging::Level::warning, "accept-failed", logging::field("reason", reason));
}

void Server::serve(net::UniqueFd socket, const Arrival& arrival, const LiveSessions::Place& place) {
  const auto begin = net::Deadline::Clock::now();
  const auto time = [&] { return net::Deadline::Clock::now() - begin; };
  const Trace* const trace = instruments_.trace.get();
  const Limits& limits = replaceable_.limits.current();
  const net::Transport transport = arrival.transport();
  Metrics* const metrics = instruments_.metrics.get();
  if (metrics != nullptr) metrics->client_accepted(transport);
  std::string peer;
  bool is_handshaking = false;
  std::optional<CapturedConnection> captured;  // before the stream, which it watches
  std::unique_ptr<net::Stream> stream;
  try {
    peer = arrival.client().to_string();
    if (instruments_.capture) {
      if (arrival.ends)
        captured.emplace(*instruments_.capture, arrival.ends->client, arrival.ends->balancer);
      else
        captured.emplace(*instruments_.capture, socket.get(), arrival.from,
                         CapturedConnection::Side::accepted);
    }
    if (arrival.identity) {
      auto client = std::make_unique<tls::TlsStream>(std::move(socket), *arrival.identity, peer);
      tls::TlsStream& handshaking = *client;
      stream = std::move(client);
      if (captured) captured->watch(handshaking);
      is_handshaking = true;
      persist(handshaking.fd(), arrival.handshake, "TLS handshake with " + peer,
              [&] { return handshaking.try_handshake(); });
      is_handshaking = false;
      if (metrics != nullptr) metrics->client_handshake(handshaking.facts());
      if (trace != nullptr) trace->handshake(peer, handshaking.facts(), time());
    } else {
      auto client = std::make_unique<net::TcpStream>(std::move(socket), peer);
      if (captured) captured->watch(*client);
      stream = std::move(client);
    }
    const auto session =
        std::make_shared<Session>(*stream, transport, upstreams_, limits, draining_, instruments_,
                                  &rates_.queries, client_key(arrival.client()), cache_.get());
    session->run();
    stream->close();
    const std::string_view reason = session->why_closed();
    if (metrics != nullptr) metrics->client_closed(transport, reason);
    if (captured) captured->closed(!session->client_has_closed());
    if (trace != nullptr) trace->closed(peer, reason.empty(), reason, time());
    if (!session->client_has_closed()) discard_rest(stream->fd());
  } catch (const std::exception& error) {
    if (metrics != nullptr && is_handshaking) metrics->client_handshake_failed(error);
    if (metrics != nullptr) metrics->client_lost(transport);
    try {
      log_lost(peer, error);
      if (trace != nullptr) trace->closed(peer, is_clients_doing(error), error.what(), time());
    } catch (const std::bad_alloc&) {
      // What ended the session, in all likelihood: there is no memory to say so either.
    }
  }
  place.sign_off();  // before the stream closes the socket: nobody may shut down a descriptor that is
                     // somebody else's by then
}
