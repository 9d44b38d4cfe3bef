// Clients share the connections to a resolver: one is enough, and whoever leaves, or asks what kills it,
// takes nothing of the others' along.
#include <condition_variable>
#include <fmt/format.h>
#include <mutex>
#include <set>
#include <thread>

#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/scripted_upstream.h"

using net::Transport;

namespace {

dns::Message query(std::string_view name, std::uint16_t id = 1) {
  return make_query(name, dns::type::TXT, id);
}

bool is_right(const dns::Message& reply, const std::string& name) {
  return reply.header.rcode == dns::rcode::NOERROR && reply.answers.size() == 1 &&
         dns::rdata_to_text(reply.answers[0].rdata) == '"' + name + '"';
}

Bytes answered(const ScriptedUpstream::Seen& seen) {
  return dns::encode(answer_to(seen.message()));
}

std::string name_of(const dns::Message& message) {
  return message.questions.at(0).name.to_string();
}

}  // namespace

TEST_CASE("many clients, on every leg, share one connection to the resolver (RFC 7766 §6.2.2)") {
  const ScriptedUpstream upstream(GENERATE(Transport::tls, Transport::tcp), answered);
  const Proxy proxy(upstream.as_upstream() + kWithUdp);
  std::vector<ClientLeg> legs;
  for (int i = 0; i < 30; ++i) legs.emplace_back(proxy, kAllLegs[i % 3]);
  for (int round = 0; round < 3; ++round) {
    for (std::uint16_t i = 0; i < legs.size(); ++i) legs[i].send(query(fmt::format("q{}.test.", i), i));
    for (std::uint16_t i = 0; i < legs.size(); ++i) {
      const dns::Message reply = legs[i].read_message();
      CHECK(reply.header.id == i);
      CHECK(name_of(reply) == fmt::format("q{}.test.", i));
    }
  }
  for (const auto& seen : upstream.seen()) CHECK(seen.connection == 0);
}

TEST_CASE("queries of many clients have identifiers of their own on the way to the resolver") {
  std::mutex mutex;
  std::condition_variable all_came;
  std::set<std::uint16_t> ids;
  const ScriptedUpstream upstream(Transport::tcp, [&](const ScriptedUpstream::Seen& seen) {
    const std::scoped_lock lock(mutex);
    ids.insert(seen.message().header.id);
    all_came.notify_all();
    return Bytes();  // so that none is free again
  });
  const Proxy proxy(upstream.as_upstream());
  std::vector<DotConnection> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(proxy.connect(Transport::tls));
    clients.back().send(query("same.test.", 7));
  }
  std::unique_lock lock(mutex);
  CHECK(all_came.wait_for(lock, kPatience, [&] { return ids.size() >= clients.size(); }));
}

TEST_CASE("whoever reads for all and leaves takes nobody's answer along") {
  const bool resets = GENERATE(true, false);
  const Transport upstream = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(resets, to_string(upstream));
  const LabResolver resolver;
  const Proxy proxy(resolver, upstream);
  for (int round = 0; round < 5; ++round) {
    auto reader = std::make_optional<ClientLeg>(proxy, Transport::tls);
    reader->send(query("delay-400.www.tag.test."));  // it finds nobody there: so it reads
    std::vector<DotConnection> others;
    for (int i = 0; i < 10; ++i) {
      others.push_back(proxy.connect(Transport::tls));
      others.back().send(query("delay-300.www.tag.test.", static_cast<std::uint16_t>(i)));
    }
    if (resets) reader->reset_when_closed();
    reader.reset();
    for (DotConnection& client : others) CHECK(is_right(client.read_message(), "delay-300.www.tag.test."));
  }
}

TEST_CASE("a query that its resolver cannot bear takes nobody else's along") {
  const LabResolver resolver({"--fault", "reset=poison.tag.test"});
  const Proxy proxy(resolver, Transport::tls);
  std::vector<DotConnection> others;
  for (int i = 0; i < 20; ++i) others.push_back(proxy.connect(Transport::tls));
  DotConnection poisoner = proxy.connect(Transport::tls);
  for (std::uint16_t round = 0; round < 10; ++round) {
    poisoner.send(query("poison.tag.test.", round));
    for (DotConnection& client : others) client.send(query("delay-20.www.tag.test.", round));
    for (DotConnection& client : others) CHECK(is_right(client.read_message(), "delay-20.www.tag.test."));
    CHECK(poisoner.read_message().header.rcode == dns::rcode::SERVFAIL);
  }
}
