// A client that comes through a load balancer (--listen proxy+tls://): who it is, which the PROXY protocol's
// header says, and whether it is served.
#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <sys/socket.h>

#include "common/net/net_error.h"
#include "proxyserver/listening/server.h"

namespace {

using Progress = net::IoResult::Status;

// The header as it comes in. It is no part of the stream behind it, so not an octet more is taken off the
// socket.
class Incoming {
 public:
  std::expected<net::ProxyHeader, const char*> header;
  bool closed = false;  // by the balancer, in the midst of it

  bool has_begun() const { return count_ > 0; }

  // Done: it is whole, or will never be. Throws NetError.
  Progress read(int fd) {
    for (;;) {
      header = net::parse_proxy_header(std::span(octets_).first(count_));
      if (!header || header->size == count_) return Progress::done;
      const ssize_t got = recv(fd, &octets_[count_], header->size - count_, 0);
      if (got > 0) {
        count_ += static_cast<std::size_t>(got);
      } else if (got == 0 || errno == ECONNRESET) {
        closed = true;
        return Progress::done;
      } else if (errno == EAGAIN) {
        return Progress::want_read;
      } else if (errno != EINTR) {
        throw net::NetError::from_errno("read a PROXY header", errno);
      }
    }
  }

 private:
  std::array<std::uint8_t, net::ProxyHeader::kLongest> octets_;
  std::size_t count_ = 0;
};

}  // namespace

bool Server::refuses_balancer(const Arrival& arrival) {
  return !replaceable_.proxy_from.current().permits(arrival.from) &&
         refuse(arrival.from, arrival.transport(), Metrics::Rule::proxy_from, "not among --proxy-from");
}

// Reads the header, and lets the client in. False: it is refused.
bool Server::let_in(int fd, Arrival& arrival, const LiveSessions::Place& place) {
  const auto refuse_header = [&](std::string_view reason) {
    return !refuse(arrival.from, arrival.transport(), Metrics::Rule::proxy_header, reason);
  };
  Incoming incoming;
  try {
    persist(fd, arrival.handshake, "read a PROXY header", [&] { return incoming.read(fd); });
  } catch (const net::NetError& error) {
    return refuse_header(error.kind() == net::NetError::Kind::timeout ? "no whole PROXY header in time"
                                                                      : error.what());
  }
  if (incoming.closed && incoming.has_begun()) return refuse_header("closed within its PROXY header");
  if (incoming.closed) {  // the bare connection of a health check, or of a scanner: no event
    if (instruments_.metrics)
      instruments_.metrics->client_refused(arrival.transport(), Metrics::Rule::proxy_header);
    if (logging::enabled(logging::Level::debug))
      logging::write(logging::Level::debug, "client-lost",
                     fmt::format("{} reason=\"closed before its PROXY header\"",
                                 logging::field("client", arrival.from.to_string())));
    return false;
  }
  if (!incoming.header) return refuse_header(incoming.header.error());

  arrival.ends = incoming.header->ends;
  const ClientKey key = client_key(arrival.client());
  const bool has_room = place.belongs_to(key, replaceable_.limits.current().max_per_client);
  return !refuses(arrival.client(), key, has_room, arrival.transport());
}

void Server::serve_proxied(net::UniqueFd socket, Arrival arrival, const std::string& listener,
                           const LiveSessions::Place& place) {
  bool served = false;
  try {
    served = let_in(socket.get(), arrival, place);
    if (served && instruments_.trace) instruments_.trace->accepted(arrival.client().to_string(), listener);
  } catch (const std::bad_alloc&) {  // it costs this client its connection
    served = false;
  }
  if (served) return serve(std::move(socket), arrival, place);
  place.sign_off();
}
