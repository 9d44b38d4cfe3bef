// Many clients at once: every query gets its own answer. The names are below tag.test, whose answers carry
// the name, so that an answer which reached the wrong client, or the wrong query, cannot pass for right.
#include <fmt/format.h>
#include <set>
#include <thread>

#include "tests/support/catch.h"
#include "tests/support/findings.h"
#include "tests/support/lab.h"

using net::Transport;

namespace {

constexpr unsigned kClients = 200;
constexpr unsigned kQueries = 50;

std::string name_of(unsigned client, unsigned query) {
  return fmt::format("q{}.client{}.tag.test.", query, client);
}

std::string text_of(const dns::Message& reply) {
  return reply.answers.size() == 1 ? dns::rdata_to_text(reply.answers[0].rdata) : "(no single answer)";
}

// All its queries at once, under IDs that every client uses alike; then all the answers, in whatever order.
void pipeline(const Proxy& proxy, Transport transport, unsigned client, Findings& findings) try {
  DotConnection connection = proxy.connect(transport);
  for (unsigned i = 0; i < kQueries; ++i)
    connection.send(make_query(name_of(client, i), dns::type::TXT, static_cast<std::uint16_t>(i)));
  std::set<unsigned> outstanding;
  for (unsigned i = 0; i < kQueries; ++i) outstanding.insert(i);
  while (!outstanding.empty()) {
    const dns::Message reply = connection.read_message(net::Deadline::in(std::chrono::seconds(40)));
    const unsigned id = reply.header.id;
    if (outstanding.erase(id) == 0)
      findings.wrong(fmt::format("client {}: an answer with ID {} that nothing asked for", client, id));
    else if (text_of(reply) != '"' + name_of(client, id) + '"')
      findings.wrong(fmt::format("client {}: asked {}, got {} (rcode {})", client, name_of(client, id),
                                 text_of(reply), reply.rcode()));
    else
      findings.right();
  }
} catch (const std::exception& error) {
  findings.wrong(fmt::format("client {}: {}", client, error.what()));
}

}  // namespace

TEST_CASE("two hundred clients with fifty queries each get ten thousand right answers") {
  const LabResolver resolver({"--fault", "reorder=20"});
  const Transport upstream = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(to_string(upstream));
  const Proxy proxy(resolver, upstream, {"--query-timeout", "30", "--handshake-timeout", "30"});

  Findings findings;
  std::vector<std::thread> clients;
  for (unsigned client = 0; client < kClients; ++client)
    clients.emplace_back([&, client] {
      pipeline(proxy, client % 2 == 0 ? Transport::tls : Transport::tcp, client, findings);
    });
  for (std::thread& client : clients) client.join();

  CAPTURE(findings.all_wrong());
  CHECK(findings.all_wrong().empty());
  CHECK(findings.right_count() == kClients * kQueries);
}

TEST_CASE("queries in flight together under the same ID are each answered") {
  const LabResolver resolver({"--fault", "reorder=20"});
  const Proxy proxy(resolver, Transport::tls);
  DotConnection connection = proxy.connect(Transport::tls);
  std::multiset<std::string> asked;
  std::multiset<std::string> answered;
  for (unsigned i = 0; i < 20; ++i) {
    asked.insert('"' + name_of(0, i) + '"');
    connection.send(make_query(name_of(0, i), dns::type::TXT, 1));
  }
  for (unsigned i = 0; i < 20; ++i) {
    const dns::Message reply = connection.read_message();
    CHECK(reply.header.id == 1);
    REQUIRE(reply.questions.size() == 1);
    CHECK(text_of(reply) == '"' + reply.questions[0].name.to_string() + '"');
    answered.insert(text_of(reply));
  }
  CHECK(answered == asked);
}
