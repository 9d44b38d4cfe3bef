#include "client/bench.h"

#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <poll.h>

#include "client/trust.h"
#include "common/net/framing.h"
#include "common/net/tcp.h"
#include "common/net/udp.h"
#include "common/tls/tls_stream.h"

namespace client {
namespace {

using net::Deadline;
using net::Transport;
using Clock = Deadline::Clock;
using Way = BenchRow::Way;

constexpr std::size_t kInFlight = 100;  // pipelined; their octets fit in any socket's buffers
constexpr unsigned kPatience = 3;       // failures on end, then a row is given up

class Bench {
 public:
  Bench(const Options& options, const BenchProgress& progress) : options_(options), progress_(progress) {}

  BenchResult conduct() {
    try {
      trust_.emplace(options_, recording_);
      find_server();
    } catch (...) {
      result_.failure = failure_now();
      return std::move(result_);
    }
    for (const Way way :
         {Way::full_handshake, Way::resumed, Way::kept_open, Way::pipelined, Way::tcp, Way::udp})
      result_.rows.push_back(row(way));
    result_.key_log_error = recording_.key_log_error;
    return std::move(result_);
  }

 private:
  struct Line {  // an open connection
    std::unique_ptr<net::Stream> stream;
    net::FrameReader reader = {};
  };

  Deadline deadline() const { return Deadline::in(options_.timeout); }

  // The first address that lets us in.
  void find_server() {
    const auto addresses = addresses_of(options_.server, options_.family, deadline());
    Connection& connection = result_.connection;
    connection.authority = trust_->authority();
    connection.insecure = options_.insecure;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      connection.address = addresses[i];
      try {
        net::connect_tcp(addresses[i], deadline());
        break;
      } catch (const net::NetError&) {
        if (i + 1 == addresses.size()) throw;
      }
    }
    clear_ = *net::SocketAddress::parse(connection.address.host(), *options_.clear_port);
  }

  BenchRow row(Way way) {
    BenchRow row{.way = way};
    Line kept;
    unsigned failures_on_end = 0;
    const auto begin = Clock::now();
    while (row.asked < options_.bench_runs && failures_on_end < kPatience) {
      const std::size_t count =
          way == Way::pipelined ? std::min<std::size_t>(kInFlight, options_.bench_runs - row.asked) : 1;
      const Queries queries = next_queries(count, way);
      row.asked += count;
      try {
        measure(row, kept, queries);
        failures_on_end = 0;
      } catch (...) {
        const Failure failure = failure_now();
        if (!row.failure) row.failure = failure;
        kept = {};
        ++failures_on_end;
      }
      if (progress_) progress_(row);
    }
    if (kept.stream) kept.stream->close();
    row.whole = Clock::now() - begin;
    std::ranges::sort(row.times);
    return row;
  }

  Queries next_queries(std::size_t count, Way way) {
    std::vector<dns::Question> questions;
    questions.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
      questions.push_back(options_.questions[turn_++ % options_.questions.size()]);
    return Queries(questions, options_.query, way != Way::tcp && way != Way::udp);
  }

  // Throws what became of it; answers that came before that are kept.
  void measure(BenchRow& row, Line& kept, Queries queries) {
    if (way_is_kept(row.way)) {
      Tally opening;
      if (!kept.stream) kept = open(row.way, opening);
      kept.stream->watch(row.tally);
      return converse(row, kept, queries, Clock::now());
    }
    const auto begin = Clock::now();
    if (row.way == Way::udp) return ask_by_udp(row, queries, begin);
    if (row.way == Way::full_handshake) trust_->context().forget_tickets();
    Line line = open(row.way, row.tally);
    if (row.way == Way::resumed && !static_cast<tls::TlsStream&>(*line.stream).facts().resumed)
      ++row.not_resumed;
    converse(row, line, queries, begin);
    line.stream->close();
  }

  static bool way_is_kept(Way way) { return way == Way::kept_open || way == Way::pipelined; }

  Line open(Way way, Tally& tally) {
    phase_ = Phase::connect;
    const net::SocketAddress& address = way == Way::tcp ? clear_ : result_.connection.address;
    at_ = address;
    net::UniqueFd socket = net::connect_tcp(address, deadline());
    ++tally.round_trips;  // SYN, and its SYN, ACK
    if (way == Way::tcp) {
      auto stream = std::make_unique<net::TcpStream>(std::move(socket), address.to_string());
      stream->watch(tally);
      return {std::move(stream)};
    }
    phase_ = Phase::tls;
    auto stream = std::make_unique<tls::TlsStream>(std::move(socket), trust_->context(), address.to_string());
    stream->watch(tally);
    stream->handshake(deadline());
    if (!result_.connection.tls) {
      result_.connection.tls = stream->facts();
      result_.connection.overlooked = stream->overlooked();
    }
    return {std::move(stream)};
  }

  void converse(BenchRow& row, Line& line, Queries& queries, Clock::time_point begin) {
    phase_ = Phase::query;
    const Deadline by = deadline();
    net::FrameWriter writer;
    for (const Query& query : queries.all()) writer.add(query.wire);
    while (writer.flush(*line.stream) != net::IoResult::Status::done)
      net::wait_for(line.stream->fd(), POLLIN | POLLOUT, by, "write to " + line.stream->peer());
    while (queries.unanswered() > 0) {
      const auto reply = net::read_frame(*line.stream, line.reader, by);
      if (!reply) throw ClosedEarly{};
      if (const auto match = queries.match(*reply); !match) {
        phase_ = Phase::reply;
        throw match.error();
      }
      row.times.push_back(Clock::now() - begin);
    }
  }

  void ask_by_udp(BenchRow& row, Queries& queries, Clock::time_point begin) {
    phase_ = Phase::query;
    at_ = clear_;
    const Deadline by = deadline();
    net::UdpSocket socket = net::UdpSocket::connect(clear_);
    socket.send(queries.all().front().wire, by);
    row.tally.sent(queries.all().front().wire);
    Bytes buffer(net::kMaxDatagram);
    for (;;) {
      const auto size = socket.receive(buffer, by);
      if (!size)
        throw net::NetError(net::NetError::Kind::timeout, "wait for an answer from " + socket.peer());
      const ByteView reply = ByteView(buffer).first(*size);
      row.tally.received(reply);
      if (!queries.match(reply)) continue;  // anybody may have sent it (RFC 5452 §9.1)
      row.times.push_back(Clock::now() - begin);
      return;
    }
  }

  Failure failure_now() const {  // within a catch clause
    Failure failure{.phase = phase_, .cause = cause_now()};
    failure.server =
        at_ ? at_->to_string() : fmt::format("{}:{}", options_.server.host, options_.server.port);
    failure.authority = result_.connection.authority;
    failure.unanswered = failure.asked = 1;
    return failure;
  }

  const Options& options_;
  const BenchProgress& progress_;
  Recording recording_;
  std::optional<Trust> trust_;
  Phase phase_ = Phase::connect;
  std::optional<net::SocketAddress> at_;  // where the latest attempt went
  net::SocketAddress clear_;
  std::size_t turn_ = 0;  // which question is next
  BenchResult result_;
};

}  // namespace

BenchResult bench(const Options& options, const BenchProgress& progress) {
  return Bench(options, progress).conduct();
}

}  // namespace client
