#include "tests/support/dot_connection.h"

#include <cerrno>
#include <fmt/format.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>

#include "common/net/net_error.h"
#include "common/net/tcp.h"
#include "common/tls/tls_stream.h"

namespace {

dns::Message decode_or_throw(ByteView wire) {
  auto message = dns::decode(wire);
  if (!message) throw std::runtime_error("a reply that does not parse: " + dns::to_string(message.error()));
  return std::move(*message);
}

}  // namespace

std::shared_ptr<const tls::ClientContext> trust(const std::string& ca_file, const std::string& auth_name) {
  tls::ClientOptions options;
  options.ca_file = ca_file;
  options.auth_name = auth_name;
  return std::make_shared<const tls::ClientContext>(options);
}

DotConnection::DotConnection(const net::Endpoint& endpoint, std::shared_ptr<const tls::ClientContext> context,
                             ByteView ahead)
    : context_(std::move(context)) {
  const auto deadline = net::Deadline::in(kPatience);
  net::UniqueFd socket = net::connect_tcp(endpoint.address, deadline);
  const std::string peer = endpoint.address.to_string();
  // A few octets fit into the buffer of a socket that is new.
  if (!ahead.empty() && ::send(socket.get(), ahead.data(), ahead.size(), MSG_NOSIGNAL) < 0)
    throw net::NetError::from_errno("write to " + peer, errno);
  if (context_ == nullptr) {
    stream_ = std::make_unique<net::TcpStream>(std::move(socket), peer);
    return;
  }
  auto stream = std::make_unique<tls::TlsStream>(std::move(socket), *context_, peer);
  stream->handshake(deadline);
  stream_ = std::move(stream);
}

void DotConnection::send_octets(ByteView octets) {
  stream_->write_all(octets, net::Deadline::in(kPatience));
}

void DotConnection::send(ByteView message) {
  net::write_frame(*stream_, message, net::Deadline::in(kPatience));
}

std::optional<Bytes> DotConnection::read(net::Deadline deadline) {
  return net::read_frame(*stream_, reader_, deadline);
}

dns::Message DotConnection::read_message(net::Deadline deadline) {
  const auto wire = read(deadline);
  if (!wire) throw std::runtime_error("closed where a reply was expected");
  return decode_or_throw(*wire);
}

dns::Message DotConnection::ask(const dns::Message& query, net::Deadline deadline) {
  send(query);
  return read_message(deadline);
}

bool DotConnection::closed_by_peer(net::Deadline deadline) try {
  return !read(deadline).has_value();
} catch (const net::NetError& error) {
  return error.kind() == net::NetError::Kind::reset || error.kind() == net::NetError::Kind::closed;
}

void DotConnection::finish_sending() {
  stream_->close();
  shutdown(stream_->fd(), SHUT_WR);
}

Datagrams::Datagrams(const net::Endpoint& endpoint)
    : socket_(socket(endpoint.address.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  if (!socket_.valid() || connect(socket_.get(), endpoint.address.get(), endpoint.address.size()) != 0)
    throw net::NetError::from_errno("connect to " + endpoint.to_string(), errno);
}

void Datagrams::send(ByteView message) {
  if (::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0)
    throw net::NetError::from_errno("send a datagram", errno);
}

std::optional<Bytes> Datagrams::read(net::Deadline deadline) {
  Bytes datagram(65535);
  for (;;) {
    const ssize_t got = recv(socket_.get(), datagram.data(), datagram.size(), 0);
    if (got >= 0) {
      datagram.resize(static_cast<std::size_t>(got));
      return datagram;
    }
    if (errno != EAGAIN && errno != EINTR) throw net::NetError::from_errno("receive a datagram", errno);
    pollfd entry{socket_.get(), POLLIN, 0};
    if (poll(&entry, 1, deadline.poll_ms()) == 0 && deadline.expired()) return std::nullopt;
  }
}

dns::Message Datagrams::ask(const dns::Message& query) {
  send(dns::encode(query));
  const auto wire = read();
  if (!wire) throw std::runtime_error("no datagram came back");
  return decode_or_throw(*wire);
}

dns::Message make_query(std::string_view name, std::uint16_t type, std::uint16_t id) {
  dns::Message query;
  query.header.id = id;
  query.header.rd = true;
  query.questions.push_back({*dns::Name::parse(name), type, dns::klass::IN});
  return query;
}

dns::Message with_edns(dns::Message query, std::uint16_t udp_size) {
  query.edns.emplace();
  query.edns->udp_size = udp_size;
  return query;
}
