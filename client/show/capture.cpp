#include "client/show/capture.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <optional>

#include "client/show/escape.h"
#include "common/net/ip_packet.h"
#include "common/net/net_error.h"
#include "common/net/pcapng.h"
#include "common/net/private_file.h"

namespace client {
namespace {

using Kind = WireEvent::Kind;
using net::Transport;

// Turns events into packets: one conversation per TCP connection, begun when the connection stood.
class Capture {
 public:
  explicit Capture(const Outcome& outcome)
      : outcome_(outcome), conversations_(outcome.connections.size()), begins_(outcome.connections.size()) {
    const auto& events = outcome.recording.events;
    for (std::size_t i = 0; i < events.size(); ++i)
      if (events[i].kind == Kind::connecting) begins_.at(events[i].connection) = i;
  }

  Bytes octets() {
    append(net::pcapng::section_header(
        "client (dns-over-tls)", "Addresses, ports, octets and times are true; IP and TCP headers made up."));
    append(net::pcapng::interface_description());
    std::string secrets;
    for (const std::string& line : outcome_.recording.secrets) secrets += line + '\n';
    if (!secrets.empty()) append(net::pcapng::decryption_secrets(secrets));
    // Of a host with several addresses, the attempts at the others are left out: nobody knows their ports.
    for (std::size_t i = 0; i < outcome_.recording.events.size(); ++i) {
      const WireEvent& event = outcome_.recording.events[i];
      const Connection& connection = outcome_.connections.at(event.connection);
      if (i < begins_[event.connection] || !connection.local) continue;
      connection.transport == Transport::udp ? add_udp(event, connection) : add_tcp(event, connection);
    }
    return std::move(file_);
  }

 private:
  void append(const Bytes& block) { file_.insert(file_.end(), block.begin(), block.end()); }

  void add(const WireEvent& event, const Bytes& packet) {
    using WallTime = std::chrono::system_clock::duration;
    const Recording& recording = outcome_.recording;
    append(net::pcapng::packet(
        recording.wall_begin + std::chrono::duration_cast<WallTime>(event.when - recording.begin), packet));
  }

  void add_udp(const WireEvent& event, const Connection& connection) {
    if (event.kind != Kind::wire) return;
    const net::SocketAddress& from = event.sent ? *connection.local : connection.address;
    const net::SocketAddress& to = event.sent ? connection.address : *connection.local;
    add(event, net::udp_packet(from, to, event.octets));
  }

  void add_tcp(const WireEvent& event, const Connection& connection) {
    std::optional<net::TcpConversation>& conversation = conversations_[event.connection];
    std::vector<Bytes> packets;
    if (event.kind == Kind::connecting) {
      conversation.emplace(*connection.local, connection.address);
      packets = {conversation->syn()};
    } else if (event.kind == Kind::connected) {
      packets = conversation->connected();
    } else if (event.kind == Kind::wire) {
      packets = conversation->data(event.sent, event.octets);
    } else if (event.kind == Kind::closed) {
      packets = conversation->closed(event.sent);
    }
    for (const Bytes& packet : packets) add(event, packet);
  }

  const Outcome& outcome_;
  std::vector<std::optional<net::TcpConversation>> conversations_;  // by connection
  std::vector<std::size_t> begins_;  // by connection: its last `connecting` among the events
  Bytes file_;
};

// The key log's may be in the file as soon as a TLS handshake has begun.
bool may_have_secrets(const Outcome& outcome) {
  return std::ranges::any_of(outcome.connections, [](const Connection& connection) {
    return connection.transport == Transport::tls && connection.local;
  });
}

std::string warning(const std::string& file) {
  return fmt::format(
      "client: warning: {} holds the secrets of this run: anybody who has it can read what was encrypted",
      printable(file));
}

}  // namespace

Bytes capture_of(const Outcome& outcome) {
  return Capture(outcome).octets();
}

std::expected<void, std::string> write_capture(const Outcome& outcome, const Options& options) {
  const auto complaint = [](std::string_view reason) {
    return std::unexpected(fmt::format("client: [capture] the packets cannot be kept; {}; try another place",
                                       printable(reason)));
  };
  try {
    net::PrivateFile file(options.files.capture);
    if (file.append(capture_of(outcome))) return {};
    file.remove();
    return complaint(fmt::format("write {}: {}", options.files.capture, strerrordesc_np(file.error())));
  } catch (const net::NetError& error) {
    return complaint(error.what());
  }
}

std::expected<void, std::string> key_log_kept(const Outcome& outcome, const Options& options) {
  const int error = outcome.recording.key_log_error;
  if (error == 0) return {};
  return std::unexpected(
      fmt::format("client: [keylog] the secrets cannot be kept; write {}: {}; try another place",
                  printable(options.files.keylog), strerrordesc_np(error)));
}

std::vector<std::string> key_log_notes(const Outcome& outcome, const Options& options) {
  if (options.files.keylog.empty() || !may_have_secrets(outcome)) return {};
  return {warning(options.files.keylog)};
}

std::vector<std::string> capture_notes(const Outcome& outcome, const Options& options) {
  std::vector<std::string> notes;
  if (!outcome.recording.secrets.empty()) notes.push_back(warning(options.files.capture));
  std::string ports;
  for (const Connection& connection : outcome.connections)
    ports +=
        fmt::format(" -d {}.port=={},dns", net::to_string(connection.transport), connection.address.port());
  notes.push_back(
      fmt::format("client: to read it: tshark -r {}{} -Y dns", printable(options.files.capture), ports));
  return notes;
}

}  // namespace client
