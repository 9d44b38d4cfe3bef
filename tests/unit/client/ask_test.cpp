// Whole runs against peers on the loopback interface that behave in all the ways peers do. TLS has its own
// tests (unit/tls) and runs for real in integration/; here it is the conversation that counts.
#include "client/ask.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <poll.h>
#include <sys/socket.h>
#include <thread>

#include "common/dns/codes.h"
#include "common/net/framing.h"
#include "common/net/net_error.h"
#include "common/net/tcp.h"
#include "tests/support/catch.h"
#include "tests/unit/client/arguments.h"

using client::Outcome;
using client::WireEvent;
using net::Deadline;
using net::Transport;
using namespace std::chrono_literals;

namespace {

const net::SocketAddress kAnyPort = net::SocketAddress::parse("127.0.0.1", 0).value();
constexpr auto kPatience = 10s;

Bytes reply_to(ByteView query, bool truncated = false) {
  dns::Message message = dns::decode(query).value();
  message.header.qr = message.header.ra = true;
  message.header.tc = truncated;
  if (!truncated)
    message.answers = {
        {message.questions[0].name, dns::type::A, dns::klass::IN, 300, {dns::type::A, {192, 0, 2, 1}}}};
  return dns::encode(message);
}

// Accepts one connection and lets `behaviour` loose on it, in a thread of its own.
class TcpPeer {
 public:
  explicit TcpPeer(std::function<void(net::TcpStream&)> behaviour)
      : listener_(net::listen_tcp(kAnyPort, 1)), address_(net::SocketAddress::of_socket(listener_.get())) {
    thread_ = std::jthread([this, behaviour = std::move(behaviour)] {
      net::wait_for(listener_.get(), POLLIN, Deadline::in(kPatience), "accept");
      net::TcpStream stream(
          net::UniqueFd(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)), "client");
      behaviour(stream);
    });
  }
  const net::SocketAddress& address() const { return address_; }
  std::string uri() const { return "@tcp://" + address_.to_string(); }

 private:
  net::UniqueFd listener_;
  net::SocketAddress address_;
  std::jthread thread_;
};

// Takes `queries` queries, whole, before it answers anything.
std::vector<Bytes> take(net::TcpStream& stream, std::size_t queries) {
  net::FrameReader reader;
  std::vector<Bytes> taken;
  while (taken.size() < queries)
    taken.push_back(net::read_frame(stream, reader, Deadline::in(kPatience)).value());
  return taken;
}

void answer(net::TcpStream& stream, ByteView message) {
  net::write_frame(stream, message, Deadline::in(kPatience));
}

// For each datagram, `behaviour` says what to send back; it ends with its owner.
class UdpPeer {
 public:
  using Behaviour = std::function<std::vector<Bytes>(ByteView query, int count)>;
  explicit UdpPeer(Behaviour behaviour, net::SocketAddress address = kAnyPort)
      : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    REQUIRE(bind(socket_.get(), address.get(), address.size()) == 0);
    address_ = net::SocketAddress::of_socket(socket_.get());
    thread_ = std::jthread([this, behaviour = std::move(behaviour)] { serve(behaviour); });
  }
  ~UdpPeer() { shutdown(socket_.get(), SHUT_RD); }
  const net::SocketAddress& address() const { return address_; }
  std::string uri() const { return "@udp://" + address_.to_string(); }

 private:
  void serve(const Behaviour& behaviour) const {
    Bytes buffer(2048);
    for (int count = 1;; ++count) {
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      const ssize_t got =
          recvfrom(socket_.get(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got <= 0) return;
      for (const Bytes& reply : behaviour(ByteView(buffer).first(static_cast<std::size_t>(got)), count))
        sendto(socket_.get(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }

  net::UniqueFd socket_;
  net::SocketAddress address_;
  std::jthread thread_;
};

Outcome run(const std::string& line) {
  return client::ask(parse_line(line).value());
}

std::string names(const Outcome& outcome) {
  std::string text;
  for (const auto& answer : outcome.answers)
    text += (answer ? answer->message.answers.at(0).owner.to_string() : "none") + " ";
  return text;
}

cli::ExitCode code(const Outcome& outcome) {
  return outcome.failure ? client::exit_code(*outcome.failure) : cli::ok;
}

}  // namespace

TEST_CASE("queries go out together, and answers in any order find their questions", "[ask]") {
  const TcpPeer peer([](net::TcpStream& stream) {
    const std::vector<Bytes> queries = take(stream, 3);
    for (const int i : {2, 0, 1}) answer(stream, reply_to(queries[static_cast<std::size_t>(i)]));
  });
  const Outcome outcome = run(peer.uri() + " a.example b.example c.example");
  CHECK(code(outcome) == cli::ok);
  CHECK(names(outcome) == "a.example. b.example. c.example. ");
  REQUIRE(outcome.connections.size() == 1);
  CHECK(outcome.connections[0].transport == Transport::tcp);
  CHECK(outcome.answers[0]->sent == 38);
  CHECK(outcome.answers[0]->received == 54);
}

TEST_CASE("answers that came before the server went away are kept", "[ask]") {
  const TcpPeer peer([](net::TcpStream& stream) {
    const std::vector<Bytes> queries = take(stream, 3);
    answer(stream, reply_to(queries[1]));
  });
  const Outcome outcome = run(peer.uri() + " a.example b.example c.example");
  CHECK(code(outcome) == cli::bad_framing);
  CHECK(names(outcome) == "none b.example. none ");
  CHECK(outcome.failure->unanswered == 2);
}

TEST_CASE("on a stream each fault of the server's has its exit code", "[ask]") {
  using Behaviour = void (*)(net::TcpStream&);
  const std::pair<Behaviour, cli::ExitCode> table[] = {
      {[](net::TcpStream& stream) { take(stream, 1); }, cli::bad_framing},
      {[](net::TcpStream& stream) {
         take(stream, 1);
         stream.write_all(Bytes{0, 50, 1, 2, 3}, Deadline::in(kPatience));
       },
       cli::bad_framing},
      {[](net::TcpStream& stream) {
         take(stream, 1);
         answer(stream, {});
       },
       cli::bad_reply},
      {[](net::TcpStream& stream) {
         Bytes reply = reply_to(take(stream, 1)[0]);
         reply.resize(reply.size() - 3);
         answer(stream, reply);
       },
       cli::bad_reply},
      {[](net::TcpStream& stream) {
         Bytes reply = reply_to(take(stream, 1)[0]);
         reply[0] ^= 1;
         answer(stream, reply);
       },
       cli::bad_reply},
      {[](net::TcpStream& stream) {
         Bytes reply = reply_to(take(stream, 1)[0]);
         reply[13] ^= 1;  // the first letter of the name
         answer(stream, reply);
       },
       cli::bad_reply},
  };
  for (const auto& [behaviour, expected] : table) {
    const TcpPeer peer(behaviour);
    const Outcome outcome = run(peer.uri() + " a.example");
    CHECK(code(outcome) == expected);
    CHECK(names(outcome) == "none ");
  }
}

TEST_CASE("a server that drips one octet at a time wins no time", "[ask]") {
  const TcpPeer peer([](net::TcpStream& stream) {
    const Bytes reply = reply_to(take(stream, 1)[0]);
    Bytes frame{0, static_cast<std::uint8_t>(reply.size())};
    frame.insert(frame.end(), reply.begin(), reply.end());
    try {
      for (const std::uint8_t octet : frame) {
        stream.write_all({&octet, 1}, Deadline::in(kPatience));
        std::this_thread::sleep_for(30ms);
      }
    } catch (const net::NetError&) {  // the client has gone, as it should
    }
  });
  const auto start = Deadline::Clock::now();
  const Outcome outcome = run(peer.uri() + " a.example --timeout 200ms");
  CHECK(code(outcome) == cli::no_reply);
  CHECK(Deadline::Clock::now() - start < 1s);
}

TEST_CASE("where nobody listens the connection is refused", "[ask]") {
  net::SocketAddress nobody;
  {
    const net::UniqueFd listener = net::listen_tcp(kAnyPort, 1);
    nobody = net::SocketAddress::of_socket(listener.get());
  }
  CHECK(code(run("@tcp://" + nobody.to_string() + " a.example")) == cli::unreachable);
  CHECK(code(run("@udp://" + nobody.to_string() + " a.example")) == cli::unreachable);
  const Outcome recorded = run("@tcp://" + nobody.to_string() + " a.example --timeline");
  REQUIRE(recorded.recording.events.size() == 2);
  CHECK(recorded.recording.events[1].kind == WireEvent::Kind::closed);
  CHECK_FALSE(recorded.recording.events[1].sent);  // by the server
}

TEST_CASE("a CA file that is not there stops the run before any packet", "[ask]") {
  const Outcome outcome = run("a.example @192.0.2.1 --ca /nonexistent/ca.pem");
  CHECK(code(outcome) == cli::ca_unreadable);
}

TEST_CASE("over UDP forged datagrams are passed over and the true answer is taken", "[ask]") {
  const UdpPeer peer([](ByteView query, int) -> std::vector<Bytes> {
    const Bytes good = reply_to(query);
    Bytes wrong_id = good;
    wrong_id[0] ^= 1;
    Bytes wrong_question = good;
    wrong_question[13] ^= 1;
    Bytes malformed = good;
    malformed.pop_back();
    return {wrong_id, wrong_question, malformed, {}, good};
  });
  const Outcome outcome = run(peer.uri() + " a.example b.example");
  CHECK(code(outcome) == cli::ok);
  CHECK(names(outcome) == "a.example. b.example. ");
}

TEST_CASE("over UDP a lost datagram is sent again, twice", "[ask]") {
  const UdpPeer third_time([](ByteView query, int count) -> std::vector<Bytes> {
    if (count < 3) return {};
    return {reply_to(query)};
  });
  CHECK(code(run(third_time.uri() + " a.example --timeout 600ms")) == cli::ok);

  std::atomic<int> asked = 0;
  {
    const UdpPeer mute([&asked](ByteView, int) -> std::vector<Bytes> {
      ++asked;
      return {};
    });
    const Outcome outcome = run(mute.uri() + " a.example --timeout 150ms");
    CHECK(code(outcome) == cli::no_reply);
  }
  CHECK(asked == 3);
}

TEST_CASE("what is sent over UDP has the time before it left: an answer has always come later", "[ask]") {
  std::atomic<WireEvent::Clock::time_point> arrived;
  const UdpPeer peer([&](ByteView query, int) {
    arrived = WireEvent::Clock::now();
    return std::vector<Bytes>{reply_to(query)};
  });
  const Outcome outcome = run(peer.uri() + " --timeline a.example");
  REQUIRE(code(outcome) == cli::ok);
  const auto& events = outcome.recording.events;
  REQUIRE(events.size() == 5);
  CHECK(std::ranges::is_sorted(events, {}, &WireEvent::when));
  CHECK((events[1].kind == WireEvent::Kind::wire && events[1].sent));
  CHECK(events[1].when < arrived.load());
  CHECK(events[1].when == events[2].when);  // the datagram, and the message in it
}

TEST_CASE("what is sent over a stream has the time at which its write began", "[ask]") {
  client::Recording recording;
  client::Recorder recorder(recording);
  recorder.sending();
  const auto answered = WireEvent::Clock::now();  // before the write has returned
  recorder.sent(Bytes(1));
  CHECK(recording.events.at(0).when <= answered);
}

TEST_CASE("when only forgeries come, the failure says so", "[ask]") {
  const UdpPeer peer([](ByteView query, int) -> std::vector<Bytes> {
    Bytes wrong_id = reply_to(query);
    wrong_id[0] ^= 1;
    return {wrong_id, wrong_id};
  });
  const Outcome outcome = run(peer.uri() + " a.example --timeout 150ms");
  CHECK(code(outcome) == cli::no_reply);
  CHECK(outcome.failure->discarded == 6);
  REQUIRE(outcome.failure->last_discarded);
  CHECK(outcome.failure->last_discarded->kind == client::ReplyFault::Kind::wrong_id);
}

TEST_CASE("what is truncated over UDP is asked again over TCP, and nothing else is", "[ask]") {
  std::atomic<int> asked = 0;
  // TCP first: its ports are the ones that other connections of this machine hold.
  const TcpPeer tcp([&asked](net::TcpStream& stream) {
    const Bytes query = take(stream, 1)[0];
    asked = dns::decode(query).value().questions[0].type;
    answer(stream, reply_to(query));
  });
  const UdpPeer udp(
      [](ByteView query, int) -> std::vector<Bytes> {
        const bool long_one = dns::decode(query).value().questions[0].type == dns::type::TXT;
        return {reply_to(query, long_one)};
      },
      tcp.address());
  const Outcome outcome = run(udp.uri() + " a.example b.example TXT");
  CHECK(code(outcome) == cli::ok);
  CHECK(names(outcome) == "a.example. b.example. ");
  CHECK(asked == dns::type::TXT);
  REQUIRE(outcome.connections.size() == 2);
  CHECK(outcome.answers[0]->connection == 0);
  CHECK(outcome.answers[1]->connection == 1);
}
