// What a thread per connection costs if it does nothing else: for tests/bench/compare alone, a relay that
// knows TLS and nothing of DNS. Each client has an upstream connection of its own; its thread waits for
// either side, and hands on what it reads. No limits, no deadlines, no second try. What it costs beyond nginx
// is the price of threads.
//
//   thread_relay PORT UPSTREAM-PORT CERTIFICATE KEY CA
#include <array>
#include <cstdio>
#include <exception>
#include <poll.h>

#include "tests/bench/relay.h"

namespace {

relay::Contexts contexts;

bool hand_on(SSL* from, SSL* to) {
  std::string octets;
  if (!relay::read_all(from, octets)) return false;
  return octets.empty() || relay::write_all(to, octets);
}

void serve(net::UniqueFd client) {
  const tls::Ssl near = relay::accept_client(client.get(), contexts);
  const net::UniqueFd resolver(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const tls::Ssl far = near ? relay::connect_upstream(resolver.get(), contexts) : nullptr;
  if (!far) return;
  // The first query may have come with the end of the handshake, where poll cannot see it: so read first.
  std::array<pollfd, 2> sides{{{client.get(), POLLIN, POLLIN}, {resolver.get(), POLLIN, 0}}};
  do {
    if (sides[0].revents != 0 && !hand_on(near.get(), far.get())) return;
    if (sides[1].revents != 0 && !hand_on(far.get(), near.get())) return;
  } while (poll(sides.data(), sides.size(), -1) > 0);
}

}  // namespace

int main(int argc, char** argv) try {
  contexts = relay::make_contexts(argc, argv);
  relay::run(argv[1], serve);
} catch (const std::exception& error) {
  std::fprintf(stderr, "thread_relay: %s\n", error.what());
  return 1;
}
