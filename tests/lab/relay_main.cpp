// labrelay: somebody on the path. It passes on what goes between a client and a server, sees all of it, and
// may change a bit. One thread per connection; it ends with SIGINT or SIGTERM like any program, and owns
// nothing.
//
//   labrelay --to URI [--print] [--flip]
#include <array>
#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <functional>
#include <getopt.h>
#include <mutex>
#include <poll.h>
#include <span>
#include <sys/socket.h>
#include <thread>

#include "common/cli.h"
#include "common/net/net_error.h"
#include "common/net/tcp.h"

namespace {

constexpr const char* kUsage = R"(Usage: labrelay --to URI [--print] [--flip]
Listens on a free port of 127.0.0.1, says which, and passes every TCP connection on to that server:
tcp://ADDRESS:PORT or tls://ADDRESS:PORT.

  --print   show what passes, as octets and as the text in them
  --flip    flip the lowest bit of an answer's last octet: over tcp:// of every message that the server sends,
            over tls:// of the second record that the server encrypts after the client has begun to encrypt.
            In TLS 1.3 that is the first answer, if the server gives one session ticket, as labresolver does.
)";

constexpr std::size_t kPerRow = 16;
constexpr std::uint8_t kApplicationData = 23;  // RFC 8446 §5.1: the type of all that is encrypted

struct Options {
  net::Endpoint to;
  bool print = false;
  bool flip = false;
};

// One piece of the stream, in rows of sixteen octets: "-> 0010  07 6c …  .l…".
void print_octets(std::string_view arrow, ByteView octets) {
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  for (std::size_t at = 0; at < octets.size(); at += kPerRow) {
    std::string hex;
    std::string text;
    for (const std::uint8_t octet : octets.subspan(at, std::min(kPerRow, octets.size() - at))) {
      hex += fmt::format("{:02x} ", octet);
      text += octet >= ' ' && octet < 0x7f ? static_cast<char>(octet) : '.';
    }
    fmt::print("{} {:04x}  {:48} {}\n", arrow, at, hex, text);
  }
  std::fflush(stdout);
}

// Finds the ends of messages in a stream that passes: DNS messages behind two octets of length (RFC 1035
// §4.2.2), or TLS records, whose first octet is their type (RFC 8446 §5.1).
class Messages {
 public:
  explicit Messages(net::Transport transport) : header_size_(transport == net::Transport::tls ? 5 : 2) {}

  // Calls `ends` with the first and the last octet of each message that ends here; it may change the last.
  template <typename Ends>
  void pass(std::span<std::uint8_t> octets, Ends ends) {
    for (std::uint8_t& octet : octets) {
      if (header_.size() < header_size_) {
        header_.push_back(octet);
        if (header_.size() < header_size_) continue;
        left_ = static_cast<std::size_t>(header_[header_size_ - 2] << 8 | octet);
      } else {
        --left_;
      }
      if (left_ > 0) continue;
      ends(header_[0], octet);
      header_.clear();
    }
  }

 private:
  const std::size_t header_size_;
  Bytes header_;          // as far as it has come
  std::size_t left_ = 0;  // octets, of the message behind a whole header
};

class Conversation {
 public:
  Conversation(net::UniqueFd client, const Options& options)
      : options_(options),
        client_(std::move(client), "the client"),
        server_(net::connect_tcp(options.to.address, net::Deadline::in(std::chrono::seconds(5))),
                "the server") {}

  void run() {
    std::array<pollfd, 2> sides{{{client_.fd(), POLLIN, 0}, {server_.fd(), POLLIN, 0}}};
    while (sides[0].fd >= 0 || sides[1].fd >= 0) {
      poll(sides.data(), sides.size(), -1);
      if (sides[0].revents != 0 && !pass(client_, server_, true)) sides[0].fd = -1;
      if (sides[1].revents != 0 && !pass(server_, client_, false)) sides[1].fd = -1;
    }
  }

 private:
  // False once `from` has ended its side; the other side is told.
  bool pass(net::Stream& from, net::Stream& to, bool from_client) {
    std::array<std::uint8_t, 16384> buffer;
    const net::IoResult result = from.try_read(buffer);
    if (result.status == net::IoResult::Status::closed) to.close();
    if (result.status != net::IoResult::Status::done) return result.status != net::IoResult::Status::closed;
    const std::span octets(buffer.data(), result.count);
    if (options_.flip) flip(octets, from_client);
    if (options_.print) print_octets(from_client ? "->" : "<-", octets);
    to.write_all(octets, net::Deadline::in(std::chrono::seconds(5)));
    return true;
  }

  void flip(std::span<std::uint8_t> octets, bool from_client) {
    const bool tls = options_.to.transport == net::Transport::tls;
    if (from_client)
      return by_client_.pass(octets, [&](std::uint8_t type, std::uint8_t&) {
        client_encrypts_ = client_encrypts_ || type == kApplicationData;
      });
    by_server_.pass(octets, [&](std::uint8_t type, std::uint8_t& last) {
      if (tls && (!client_encrypts_ || type != kApplicationData || ++encrypted_ != 2)) return;
      last ^= 1;
      fmt::print("flipped the lowest bit of the last octet of an answer\n");
    });
  }

  const Options& options_;
  net::TcpStream client_;
  net::TcpStream server_;
  // For --flip:
  Messages by_client_{options_.to.transport}, by_server_{options_.to.transport};
  bool client_encrypts_ = false;  // its Finished has passed, and so the server's part of the handshake
  unsigned encrypted_ = 0;        // records by the server since
};

void converse(net::UniqueFd client, const Options& options) {
  try {
    Conversation(std::move(client), options).run();
  } catch (const net::NetError& error) {
    fmt::print(stderr, "labrelay: {}\n", error.what());
  }
}

void run(const Options& options) {
  const auto listener = net::listen_tcp(*net::SocketAddress::parse("127.0.0.1", 0), 16);
  fmt::print("listening tcp://{}\n", net::SocketAddress::of_socket(listener.get()).to_string());
  std::fflush(stdout);
  for (;;) {
    net::wait_for(listener.get(), POLLIN, net::Deadline::never(), "accept");
    net::UniqueFd client(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client.valid()) std::thread(converse, std::move(client), std::cref(options)).detach();
  }
}

}  // namespace

int main(int argc, char** argv) try {
  static const option kLong[] = {
      {"to", required_argument, nullptr, 't'},
      {"print", no_argument, nullptr, 'p'},
      {"flip", no_argument, nullptr, 'f'},
      {"help", no_argument, nullptr, 'h'},
      {nullptr, 0, nullptr, 0},
  };
  std::signal(SIGPIPE, SIG_IGN);
  Options options;
  bool has_server = false;
  opterr = 0;
  for (int letter; (letter = getopt_long(argc, argv, "", kLong, nullptr)) != -1;) {
    if (letter == 'h') return fmt::print("{}", kUsage), cli::ok;
    if (letter == '?')
      return cli::complain("labrelay",
                           fmt::format("'{}' is no option, or lacks its value", argv[optind - 1]));
    if (letter == 'p') options.print = true;
    if (letter == 'f') options.flip = true;
    if (letter != 't') continue;
    auto endpoint = net::parse_endpoint(optarg, net::Transport::tcp);
    if (!endpoint) return cli::complain("labrelay", "--to: " + endpoint.error());
    options.to = std::move(*endpoint);
    has_server = true;
  }
  if (optind < argc || !has_server) return cli::complain("labrelay", "it wants --to URI, and options alone");
  run(options);
  return cli::ok;
} catch (const std::exception& error) {
  fmt::print(stderr, "labrelay: {}\n", error.what());
  return cli::internal;
}
