#include "client/ask.h"

#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <numeric>
#include <poll.h>

#include "client/trust.h"
#include "common/net/framing.h"
#include "common/net/tcp.h"
#include "common/net/udp.h"
#include "common/tls/tls_stream.h"

namespace client {
namespace {

using net::Deadline;
using net::IoResult;
using net::Transport;
using Clock = Deadline::Clock;

// Of a stream's questions: those of a long batch wait with us, not in the server's memory.
constexpr std::size_t kMostInFlight = 1000;

constexpr int kUdpTries = 3;  // datagrams get lost: ask, and ask again twice

// An equal share of the time left, for the next of `parts` attempts.
Deadline share(Deadline whole, std::size_t parts) {
  const auto now = Clock::now();
  return Deadline::at(now + (whole.when() - now) / static_cast<Duration::rep>(parts));
}

class Run {
 public:
  explicit Run(const Options& options) : options_(options), deadline_(Deadline::in(options.timeout)) {
    outcome_.answers.resize(options.questions.size());
    outcome_.recording.wall_begin = std::chrono::system_clock::now();
    outcome_.recording.begin = Clock::now();
  }

  Outcome conduct();

 private:
  using Indices = std::vector<std::size_t>;  // of questions, as numbered by Options

  void ask_all();
  Indices all() const;
  Indices ask_by_udp();  // returns the questions whose answers were truncated
  Indices ask_address_by_udp(net::UdpSocket& socket, Deadline deadline);
  void discard(ReplyFault fault);
  void ask_by_stream(Transport transport, const Indices& asked);
  net::UniqueFd connect(Connection& connection);
  void note(WireEvent::Kind kind, bool sent, ByteView octets = {}, Clock::time_point when = Clock::now());
  void converse(net::Stream& stream, Queries queries, const Indices& asked);
  void take(ByteView reply, Queries& queries, const Indices& asked,
            const std::vector<Clock::time_point>& sent);
  void keep(Queries::Match&& match, std::size_t index, const Queries& queries, ByteView reply,
            Clock::time_point sent);
  Queries queries_for(const Indices& asked, bool encrypted) const;
  void fail(Cause cause);

  const Options& options_;
  const Deadline deadline_;  // of the whole run
  Phase phase_ = Phase::connect;
  std::vector<net::SocketAddress> addresses_;
  std::size_t discarded_ = 0;
  std::optional<ReplyFault> last_discarded_;
  Outcome outcome_;
  Recorder recorder_{outcome_.recording};
};

Outcome Run::conduct() {
  try {
    ask_all();
  } catch (...) {
    fail(cause_now());
  }
  return std::move(outcome_);
}

void Run::fail(Cause cause) {
  Failure failure{.phase = phase_, .cause = std::move(cause), .last_discarded = last_discarded_};
  failure.server = outcome_.connections.empty()
                       ? fmt::format("{}:{}", options_.server.host, options_.server.port)
                       : outcome_.connections.back().address.to_string();
  if (!outcome_.connections.empty()) {
    const Connection& last = outcome_.connections.back();
    failure.authority = last.authority;
    failure.no_alpn = last.tls && last.tls->alpn.empty() && !options_.alpn.empty();
  }
  failure.asked = outcome_.answers.size();
  failure.unanswered = static_cast<std::size_t>(
      std::ranges::count_if(outcome_.answers, [](const auto& answer) { return !answer; }));
  failure.discarded = discarded_;
  outcome_.failure = std::move(failure);
}

void Run::ask_all() {
  addresses_ = addresses_of(options_.server, options_.family, deadline_);
  if (options_.server.transport == Transport::udp) {
    // RFC 7766 §5: what was cut short is asked for again over TCP.
    if (const Indices truncated = ask_by_udp(); !truncated.empty()) ask_by_stream(Transport::tcp, truncated);
    return;
  }
  ask_by_stream(options_.server.transport, all());
}

Run::Indices Run::all() const {
  Indices indices(options_.questions.size());
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  return indices;
}

Queries Run::queries_for(const Indices& asked, bool encrypted) const {
  std::vector<dns::Question> questions;
  for (const std::size_t index : asked) questions.push_back(options_.questions[index]);
  return Queries(questions, options_.query, encrypted);
}

void Run::ask_by_stream(Transport transport, const Indices& asked) {
  Connection& connection =
      outcome_.connections.emplace_back(Connection{.transport = transport, .address = addresses_.front()});
  std::optional<Trust> trust;  // made first: a CA file that cannot be read stops all
  if (transport == Transport::tls) {
    phase_ = Phase::tls;
    trust.emplace(options_, outcome_.recording);
    connection.authority = trust->authority();
    connection.insecure = options_.insecure;
  }
  phase_ = Phase::connect;
  // Before the server waits for them: sixty thousand take a while.
  Queries queries = queries_for(asked, transport == Transport::tls);
  net::UniqueFd socket = connect(connection);
  const std::string peer = connection.address.to_string();
  if (!trust) {
    net::TcpStream stream(std::move(socket), peer);
    if (options_.records()) stream.watch(recorder_);
    return converse(stream, std::move(queries), asked);
  }
  phase_ = Phase::tls;
  const auto begin = Clock::now();
  tls::TlsStream stream(std::move(socket), trust->context(), peer);
  if (options_.records()) {
    stream.watch(recorder_);
    stream.watch_messages(recorder_);
  }
  stream.handshake(deadline_);
  note(WireEvent::Kind::handshaken, false);
  connection.handshake = Clock::now() - begin;
  connection.tls = stream.facts();
  connection.overlooked = stream.overlooked();
  converse(stream, std::move(queries), asked);
  if (!connection.overlooked) trust->save_session();
}

void Run::note(WireEvent::Kind kind, bool sent, ByteView octets, Clock::time_point when) {
  if (!options_.records()) return;
  recorder_.on_connection(outcome_.connections.size() - 1);
  recorder_.note(kind, sent, octets, when);
}

// A host name may have several addresses: the first that lets us in is the one.
net::UniqueFd Run::connect(Connection& connection) {
  for (std::size_t i = 0;; ++i) {
    connection.address = addresses_[i];
    const auto begin = Clock::now();
    note(WireEvent::Kind::connecting, true);
    try {
      net::UniqueFd socket = net::connect_tcp(addresses_[i], share(deadline_, addresses_.size() - i));
      connection.connect = Clock::now() - begin;
      connection.local = net::SocketAddress::of_socket(socket.get());
      note(WireEvent::Kind::connected, false);
      return socket;
    } catch (const net::NetError& error) {
      note(WireEvent::Kind::closed, error.kind() != net::NetError::Kind::refused);
      if (i + 1 == addresses_.size()) throw;
    }
  }
}

// Writes the queries and reads what comes, both at once: a server that answers while we still write must not
// wait for us, nor we for it.
void Run::converse(net::Stream& stream, Queries queries, const Indices& asked) {
  phase_ = Phase::query;
  net::FrameWriter writer;
  net::FrameReader reader;
  std::vector<Clock::time_point> sent;  // by question, as far as they have been sent
  while (queries.unanswered() > 0) {
    while (sent.size() < asked.size() &&
           sent.size() - (asked.size() - queries.unanswered()) < kMostInFlight) {
      const Query& query = queries.all()[sent.size()];
      writer.add(query.wire);
      note(WireEvent::Kind::message, true, query.wire);
      sent.push_back(Clock::now());
    }
    const IoResult::Status written = writer.flush(stream);
    const IoResult read = reader.fill(stream);
    if (read.status == IoResult::Status::closed) {
      note(WireEvent::Kind::closed, false);
      throw ClosedEarly{reader.mid_frame()};
    }
    while (const auto reply = reader.next()) take(*reply, queries, asked, sent);
    if (read.status == IoResult::Status::done) continue;
    // Looked at before the wait: a peer that always has something to read, and never an octet for us in it
    // (TLS key updates), must not keep us beyond the deadline.
    const std::string action = "wait for an answer from " + stream.peer();
    if (deadline_.expired()) throw net::NetError(net::NetError::Kind::timeout, action);
    const bool wants_out =
        written == IoResult::Status::want_write || read.status == IoResult::Status::want_write;
    net::wait_for(stream.fd(), wants_out ? POLLIN | POLLOUT : POLLIN, deadline_, action);
  }
  stream.close();
  note(WireEvent::Kind::closed, true);
}

// On a stream nobody but the server can have sent it: what does not match is the server's error.
void Run::take(ByteView reply, Queries& queries, const Indices& asked,
               const std::vector<Clock::time_point>& sent) {
  note(WireEvent::Kind::message, false, reply);
  auto match = queries.match(reply);
  if (!match) {
    phase_ = Phase::reply;
    throw match.error();
  }
  const std::size_t index = match->index;
  keep(std::move(*match), asked[index], queries, reply, sent[index]);
}

void Run::keep(Queries::Match&& match, std::size_t index, const Queries& queries, ByteView reply,
               Clock::time_point sent) {
  outcome_.answers[index] = Answer{.message = std::move(match.message),
                                   .query_wire = queries.all()[match.index].wire,
                                   .reply_wire = Bytes(reply.begin(), reply.end()),
                                   .connection = outcome_.connections.size() - 1,
                                   .sent = queries.all()[match.index].wire.size(),
                                   .received = reply.size(),
                                   .time = Clock::now() - sent};
}

// A host name may have several addresses: the first that is not refused is the one.
Run::Indices Run::ask_by_udp() {
  phase_ = Phase::query;
  for (std::size_t i = 0;; ++i) {
    outcome_.connections = {{.transport = Transport::udp, .address = addresses_[i]}};
    try {
      net::UdpSocket socket = net::UdpSocket::connect(addresses_[i]);
      outcome_.connections.back().local = net::SocketAddress::of_socket(socket.fd());
      note(WireEvent::Kind::connecting, true);
      return ask_address_by_udp(socket, share(deadline_, addresses_.size() - i));
    } catch (const net::NetError&) {
      if (i + 1 == addresses_.size()) throw;
    }
  }
}

Run::Indices Run::ask_address_by_udp(net::UdpSocket& socket, Deadline deadline) {
  Queries queries = queries_for(all(), false);
  const auto buffer = std::make_unique_for_overwrite<std::uint8_t[]>(net::kMaxDatagram);
  std::vector<Clock::time_point> sent(queries.all().size());  // by question, its last try
  Indices truncated;
  for (int tries_left = kUdpTries; tries_left > 0 && queries.unanswered() > 0; --tries_left) {
    for (std::size_t i = 0; i < sent.size(); ++i) {
      const Query& query = queries.all()[i];
      if (query.answered) continue;
      sent[i] = Clock::now();  // before it leaves: its answer may be here before send() returns
      socket.send(query.wire, deadline);
      note(WireEvent::Kind::wire, true, query.wire, sent[i]);
      note(WireEvent::Kind::message, true, query.wire, sent[i]);
    }
    const Deadline wait = share(deadline, static_cast<std::size_t>(tries_left));
    // The clock is looked at for every datagram: a flood of wrong ones must not keep us here.
    while (queries.unanswered() > 0 && !wait.expired()) {
      const auto size = socket.receive({buffer.get(), net::kMaxDatagram}, wait);
      if (!size) break;
      const ByteView reply(buffer.get(), *size);
      note(WireEvent::Kind::wire, false, reply);
      note(WireEvent::Kind::message, false, reply);
      auto match = queries.match(reply);
      if (!match)
        discard(match.error());
      else if (match->message.header.tc)
        truncated.push_back(match->index);
      else
        keep(std::move(*match), match->index, queries, reply, sent[match->index]);
    }
  }
  if (queries.unanswered() > 0)
    throw net::NetError(net::NetError::Kind::timeout, "wait for an answer from " + socket.peer());
  return truncated;
}

// Over UDP anybody may have sent it: what does not match is passed over and the wait goes on (RFC 5452 §9.1).
void Run::discard(ReplyFault fault) {
  ++discarded_;
  last_discarded_ = std::move(fault);
}

}  // namespace

Outcome ask(const Options& options) {
  return Run(options).conduct();
}

}  // namespace client
