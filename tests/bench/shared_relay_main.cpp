// The floor that compare tells proxyserver's figures against ("relay, shared"): its shape, a thread per
// client and one upstream connection for all of them, with no work on DNS but IDs. No limits, no deadlines,
// no second try, no look at what a message says; it ends when the upstream connection does.
//
// A client's thread reads its client and submits what it reads. If nobody reads the upstream, that thread is
// the reader, until nothing is in flight: it polls both, and hands each client its answers, all in one write.
// If nobody writes to the upstream, the thread that submits does; what others queue meanwhile leaves with its
// next write.
//
// Locks: a client's SSL under the client's mutex, the upstream's SSL under io_, its table and queue under
// table_. A thread holds one at a time.
//
//   shared_relay PORT UPSTREAM-PORT CERTIFICATE KEY CA
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include "tests/bench/relay.h"

namespace {

struct Client {
  net::UniqueFd socket;
  std::mutex mutex{};
  tls::Ssl ssl{};
  std::string in{};   // its thread's alone: what came, the last frame perhaps in part
  std::string out{};  // the reader's alone: answers of one turn
};
using ClientPtr = std::shared_ptr<Client>;

std::size_t number_at(const std::string& octets, std::size_t at) {  // 16 bits
  return static_cast<std::size_t>(static_cast<unsigned char>(octets[at]) << 8 |
                                  static_cast<unsigned char>(octets[at + 1]));
}

void set_id(std::string& octets, std::size_t frame, std::size_t id) {
  octets[frame + 2] = static_cast<char>(id >> 8);
  octets[frame + 3] = static_cast<char>(id);
}

// Calls `on_frame(at)` for each whole frame (two octets of length, RFC 1035 §4.2.2) and returns where
// they end. A message too short for an ID ends the program: compare sends none.
template <typename OnFrame>
std::size_t for_each_frame(const std::string& octets, OnFrame on_frame) {
  std::size_t at = 0;
  while (octets.size() - at >= 2) {
    const std::size_t size = 2 + number_at(octets, at);
    if (size < 4) std::abort();
    if (octets.size() - at < size) break;
    on_frame(at);
    at += size;
  }
  return at;
}

class Upstream {
 public:
  void connect(const relay::Contexts& contexts) {
    socket_ = net::UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ssl_ = relay::connect_upstream(socket_.get(), contexts);
    if (!ssl_) lost();
  }
  int fd() const { return socket_.get(); }

  // Sends the whole frames in client->in, and takes them out. True: the caller is the reader from now on.
  bool submit(const ClientPtr& client) {
    bool reads = false;
    {
      const std::lock_guard lock(table_);
      const std::size_t end = for_each_frame(client->in, [&](std::size_t at) {
        set_id(client->in, at, add(client, number_at(client->in, at + 2)));
      });
      if (end == 0) return false;
      queue_.append(client->in, 0, end);
      client->in.erase(0, end);
      reads = !std::exchange(is_read_, true);
      if (is_written_) return reads;
      is_written_ = true;
    }
    write();
    return reads;
  }

  // The reader's turn: false if nothing is in flight any more, and so the role is over.
  bool turn() {
    {
      const std::lock_guard lock(io_);
      if (!relay::read_all(ssl_.get(), in_)) lost();
    }
    std::vector<ClientPtr> answered;
    {
      const std::lock_guard lock(table_);
      in_.erase(0, for_each_frame(in_, [&](std::size_t at) {
                  const auto [client, original] = take(number_at(in_, at + 2));
                  set_id(in_, at, original);
                  if (client->out.empty()) answered.push_back(client);
                  client->out.append(in_, at, 2 + number_at(in_, at));
                }));
    }
    for (const ClientPtr& client : answered) {
      const std::lock_guard lock(client->mutex);
      relay::write_all(client->ssl.get(), client->out);  // one that has gone misses nothing
      client->out.clear();
    }
    const std::lock_guard lock(table_);
    is_read_ = in_flight_.size() > free_.size();
    return is_read_;
  }

 private:
  struct Entry {
    ClientPtr client;
    std::size_t original;
  };

  [[noreturn]] static void lost() {
    std::fputs("shared_relay: there is no connection to the upstream\n", stderr);
    std::_Exit(1);
  }

  std::size_t add(const ClientPtr& client, std::size_t original) {
    if (free_.empty()) {
      free_.push_back(in_flight_.size());
      in_flight_.emplace_back();
    }
    const std::size_t id = free_.back();
    free_.pop_back();
    in_flight_[id] = {client, original};
    return id;
  }

  Entry take(std::size_t id) {
    free_.push_back(id);
    return std::exchange(in_flight_.at(id), {});
  }

  // By who has set is_written_.
  void write() {
    for (;;) {
      {
        const std::lock_guard lock(table_);
        out_.clear();
        std::swap(out_, queue_);
        is_written_ = !out_.empty();
        if (!is_written_) return;
      }
      const std::lock_guard lock(io_);
      if (!relay::write_all(ssl_.get(), out_)) lost();
    }
  }

  net::UniqueFd socket_{};
  std::mutex io_{};
  tls::Ssl ssl_{};
  std::string in_{};   // the reader's
  std::string out_{};  // the writer's

  std::mutex table_{};  // guards all below
  std::vector<Entry> in_flight_{};
  std::vector<std::size_t> free_{};  // IDs; of 65,536, which compare never needs at a time
  std::string queue_{};
  bool is_read_ = false;
  bool is_written_ = false;
};

relay::Contexts contexts;
Upstream upstream;

bool read_client(Client& client) {
  const std::lock_guard lock(client.mutex);
  return relay::read_all(client.ssl.get(), client.in);
}

void serve(net::UniqueFd socket) {
  const auto client = std::make_shared<Client>();
  client->socket = std::move(socket);
  client->ssl = relay::accept_client(client->socket.get(), contexts);
  if (!client->ssl) return;
  bool is_reader = false;
  // The first query may have come with the end of the handshake, where poll cannot see it: so read first.
  std::array<pollfd, 2> sides{{{client->socket.get(), POLLIN, POLLIN}, {-1, POLLIN, 0}}};
  do {
    if (sides[0].revents != 0) {
      if (!read_client(*client)) sides[0] = {-1, 0, 0};  // a reader stays while anything is in flight
      is_reader = upstream.submit(client) || is_reader;
    }
    if (sides[1].revents != 0) is_reader = upstream.turn();
    sides[1] = {is_reader ? upstream.fd() : -1, POLLIN, 0};
  } while ((is_reader || sides[0].fd >= 0) && poll(sides.data(), sides.size(), -1) > 0);
}

}  // namespace

int main(int argc, char** argv) try {
  contexts = relay::make_contexts(argc, argv);
  upstream.connect(contexts);
  relay::run(argv[1], serve);
} catch (const std::exception& error) {
  std::fprintf(stderr, "shared_relay: %s\n", error.what());
  return 1;
}
