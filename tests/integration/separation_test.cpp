// No client ever sees another one's answer (DESIGN, law 2), whatever the resolver does and whenever clients
// go away: two hundred of them at once, on every leg, each with names of its own below tag.test, whose
// answers carry the name. IDs are all alike on purpose. A run is repeated by its seed: DOT_SEED=N.
#include <cstdlib>
#include <fmt/format.h>
#include <random>
#include <sys/socket.h>
#include <thread>

#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/findings.h"

using net::Transport;

namespace {

constexpr unsigned kClients = 200;
constexpr unsigned kConnections = 4;  // of each client, one after the other
constexpr unsigned kQueries = 12;     // at most, in flight on each
constexpr std::chrono::seconds kEnd{30};

using Dice = std::mt19937;

unsigned throw_dice(Dice& dice, unsigned sides) {
  return std::uniform_int_distribution<unsigned>(0, sides - 1)(dice);
}

unsigned choose_seed() {
  if (const char* const seed = std::getenv("DOT_SEED")) return static_cast<unsigned>(std::atoi(seed));
  return std::random_device{}();
}

std::string text_of(const dns::Message& reply) {
  return reply.answers.size() == 1 ? dns::rdata_to_text(reply.answers[0].rdata) : "(no single answer)";
}

struct Client {
  const Proxy& proxy;
  const unsigned number;
  Dice dice;
  Findings& findings;

  std::string name(unsigned connection, unsigned query) const {
    return fmt::format("q{}.connection{}.client{}.tag.test.", query, connection, number);
  }

  void judge(const dns::Message& reply, unsigned connection, unsigned asked) const {
    const unsigned id = reply.header.id;
    const bool ours = id < asked && reply.questions.size() == 1 &&
                      reply.questions[0].name.to_string() == name(connection, id);
    if (ours && reply.header.rcode == dns::rcode::SERVFAIL)
      findings.failed();
    else if (ours && text_of(reply) == '"' + name(connection, id) + '"')
      findings.right();
    else
      findings.wrong(fmt::format("client {}, connection {}: ID {}, rcode {}, {}", number, connection, id,
                                 reply.rcode(), text_of(reply)));
  }

  // Asks, takes as many answers as it likes, and goes: in order, at once, or with a reset.
  void connect(unsigned number_of_connection) {
    const Transport transport = kAllLegs[throw_dice(dice, std::size(kAllLegs))];
    ClientLeg leg(proxy, transport);
    const unsigned asked = 1 + throw_dice(dice, kQueries);
    for (unsigned i = 0; i < asked; ++i)
      leg.send(make_query(name(number_of_connection, i), dns::type::TXT, static_cast<std::uint16_t>(i)));
    // Over UDP nobody goes early: the answers left behind would find the next socket that is given the same
    // port, as they may (RFC 5452 §9.1 has clients look at the question for that).
    const bool stays = transport == Transport::udp || throw_dice(dice, 3) != 0;
    const unsigned awaited = stays ? asked : throw_dice(dice, asked);
    for (unsigned i = 0; i < awaited; ++i) {
      const auto reply = leg.next_message(net::Deadline::in(kEnd));
      if (!reply) return findings.wrong(fmt::format("{}: a query without an end", to_string(transport)));
      judge(*reply, number_of_connection, asked);
    }
    if (!stays && throw_dice(dice, 2) == 0) leg.reset_when_closed();
  }

  void run() try {
    for (unsigned i = 0; i < kConnections; ++i) connect(i);
  } catch (const std::exception& error) {
    findings.wrong(fmt::format("client {}: {}", number, error.what()));
  }
};

}  // namespace

TEST_CASE("two hundred clients that come and go get their own answers and nobody else's") {
  const unsigned seed = choose_seed();
  const Transport upstream = GENERATE(Transport::tls, Transport::tcp);
  fmt::print("separation over {}: DOT_SEED={}\n", to_string(upstream), seed);
  CAPTURE(seed, to_string(upstream));
  const LabResolver resolver({"--fault", "reorder=30", "--fault", "duplicate=20%", "--fault", "wrong-id=1%",
                              "--fault", "wrong-question=1%", "--fault", "close-mid-frame=1%", "--fault",
                              "reset=1%", "--seed", std::to_string(seed % 1'000'000)});
  const Proxy proxy(
      resolver, upstream,
      Arguments{"--query-timeout", "4s", "--hedge-after", "300ms", "--handshake-timeout", "30s"} + kWithUdp);
  Findings findings;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kClients; ++i)
    threads.emplace_back([&, i] { Client{proxy, i, Dice(seed + i), findings}.run(); });
  for (std::thread& thread : threads) thread.join();

  CAPTURE(findings.all_wrong(), findings.right_count(), findings.failed_count());
  CHECK(findings.all_wrong().empty());
  // Deaths are many, and sendings three at most: some SERVFAILs are right, but they must not pass for
  // separation.
  if (!SANITIZED) CHECK(findings.right_count() > 3 * findings.failed_count());
  CHECK(findings.right_count() > 1000);
}
