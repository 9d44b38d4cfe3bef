// --cache through the real proxy: what the resolver gets to see, and what clients get.
#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <semaphore>
#include <utility>

#include "tests/integration/extended_error.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/hex.h"
#include "tests/support/scrape.h"
#include "tests/support/scripted_upstream.h"

using net::Transport;

namespace {

using Seen = ScriptedUpstream::Seen;

const Arguments kCache = Arguments{"--cache", "1"} + kWithUdp;

dns::Message answer_with(const dns::Message& query, std::uint32_t ttl, std::size_t octets = 100) {
  dns::Message answer = answer_to(query);
  for (; octets > 0; octets -= std::min<std::size_t>(octets, 200)) {
    Bytes text(1 + std::min<std::size_t>(octets, 200), 'x');
    text[0] = static_cast<std::uint8_t>(text.size() - 1);
    answer.answers.push_back(
        {query.questions[0].name, dns::type::TXT, dns::klass::IN, ttl, {dns::type::TXT, std::move(text)}});
  }
  return answer;
}

ScriptedUpstream::Script says(std::uint32_t ttl, std::size_t octets = 100) {
  return [=](const Seen& seen) { return dns::encode(answer_with(seen.message(), ttl, octets)); };
}

dns::Message txt_query(std::uint16_t id = 4711, std::string_view name = "www.example.com.") {
  return make_query(name, dns::type::TXT, id);
}

}  // namespace

TEST_CASE("an answer in the cache reaches clients of every leg, in their own letters, and no resolver") {
  const ScriptedUpstream upstream(Transport::tls, says(300));
  const TempDir directory;
  Proxy proxy(upstream.as_upstream() + kCache + kWithMetrics +
              Arguments{"--query-log", directory.file("log"), "--trace", directory.file("trace")});
  const Scraper scraper(proxy);
  ClientLeg(proxy, Transport::tls).ask(with_edns(txt_query()));
  for (const Transport leg : kAllLegs) {
    CAPTURE(to_string(leg));
    ClientLeg client(proxy, leg);
    for (std::uint16_t id = 1; id < 4; ++id) {
      dns::Message query = with_edns(txt_query(id, "wWw.eXample.COM."));
      query.edns->options = {{dns::option::PADDING, Bytes(10)}, {dns::option::COOKIE, Bytes(8, 1)}};
      const Bytes asked = dns::encode(query);
      client.send(asked);
      const Bytes octets = client.read().value();
      const dns::Message reply = dns::decode(octets).value();
      CHECK(reply.header.id == id);
      constexpr std::size_t kHeader = 12, kName = 17;
      CHECK(std::ranges::equal(std::span(asked).subspan(kHeader, kName),
                               std::span(octets).subspan(kHeader, kName)));
      REQUIRE(reply.answers.size() == 1);
      CHECK(reply.answers[0].ttl <= 300);
      CHECK(reply.edns->find(dns::option::COOKIE) == nullptr);
      CHECK((octets.size() % 468 == 0) == (leg == Transport::tls));  // its hop's padding
    }
  }
  CHECK(upstream.seen().size() == 1);
  auto samples = scraper.samples();
  CHECK(samples["dot_proxy_cache_hits_total"] == 9);
  CHECK(samples["dot_proxy_cache_misses_total"] == 1);
  CHECK(samples["dot_proxy_cache_entries"] == 1);
  CHECK(samples[R"(dot_proxy_answers_total{transport="udp",type="TXT",rcode="NOERROR",origin="cache"})"] ==
        3);
  REQUIRE(proxy.stop() == 0);
  for (const char* file : {"log", "trace"}) {
    std::ifstream stream(directory.file(file));
    const std::string text(std::istreambuf_iterator<char>(stream), {});
    std::size_t count = 0;
    for (auto at = text.find(" cache=fresh"); at != text.npos; at = text.find(" cache=fresh", at + 1))
      ++count;
    CHECK(count == 9);
  }
}

TEST_CASE("clients that ask the same at once are all answered by one query, also when the first one leaves") {
  std::binary_semaphore asked(0);
  bool is_first = true;
  const ScriptedUpstream upstream(Transport::tls, [&](const Seen& seen) {
    if (!std::exchange(is_first, false)) return dns::encode(answer_with(seen.message(), 300));
    asked.release();
    return Bytes();
  });
  Proxy proxy(
      upstream.as_upstream() + kCache + kWithMetrics +
      Arguments{"--hedge-after", "30s", "--query-timeout", "60s"});  // a busy machine's scrape takes long
  const Scraper scraper(proxy);
  auto first = std::make_unique<ClientLeg>(proxy, Transport::tcp);
  first->send(txt_query());
  REQUIRE(asked.try_acquire_for(kPatience));
  ClientLeg dot(proxy, Transport::tls);
  ClientLeg udp(proxy, Transport::udp);
  for (std::uint16_t id = 0; id < 10; ++id) {
    dot.send(txt_query(id));
    udp.send(txt_query(id));
  }
  REQUIRE(scraper.samples_once("dot_proxy_cache_coalesced_total", 20)["dot_proxy_cache_coalesced_total"] ==
          20);
  CHECK(upstream.seen().size() == 1);
  first->reset_when_closed();
  first.reset();
  for (ClientLeg* const leg : {&dot, &udp}) {
    std::vector<std::uint16_t> ids;
    for (int i = 0; i < 10; ++i) {
      const dns::Message reply = leg->read_message();
      CHECK(reply.answers.size() == 1);
      ids.push_back(reply.header.id);
    }
    std::ranges::sort(ids);
    CHECK(std::ranges::adjacent_find(ids) == ids.end());
  }
  CHECK(upstream.seen().size() == 2);
}

// Such an answer is no longer than the question that is written into it for the second client.
TEST_CASE("a signed refusal without a question gives all who wait for it their question") {
  std::binary_semaphore asked(0), both_wait(0);
  const ScriptedUpstream upstream(Transport::tcp, [&](const Seen& seen) {
    asked.release();
    both_wait.try_acquire_for(kPatience);
    Bytes refusal = hex("0000 8105 0000 0000 0000 0001  00 00fa 00ff 00000000 0000");
    std::copy_n(seen.octets.begin(), 2, refusal.begin());
    return refusal;
  });
  for (const Transport transport : {Transport::tcp, Transport::udp}) {
    Proxy proxy(upstream.as_upstream() + kCache + kWithMetrics);
    const Scraper scraper(proxy);
    ClientLeg first(proxy, transport), second(proxy, transport);
    first.send(txt_query(1));
    REQUIRE(asked.try_acquire_for(kPatience));
    second.send(txt_query(2));
    CHECK(scraper.samples_once("dot_proxy_cache_coalesced_total", 1)["dot_proxy_cache_coalesced_total"] == 1);
    both_wait.release();
    for (ClientLeg* const leg : {&first, &second}) {
      const dns::Message reply = leg->read_message();
      CHECK(reply.header.id == (leg == &first ? 1 : 2));
      CHECK(reply.header.rcode == dns::rcode::REFUSED);
      CHECK(reply.questions == txt_query().questions);
    }
    CHECK(proxy.stop() == 0);
  }
}

TEST_CASE("those who wait for another's answer end by its failure, or by their own deadline") {
  const ScriptedUpstream upstream(Transport::tls, [](const Seen&) { return Bytes(); });
  const Proxy proxy(upstream.as_upstream() + kCache + Arguments{"--query-timeout", "300ms"});
  ClientLeg first(proxy, Transport::tls);
  ClientLeg second(proxy, Transport::udp);
  first.send(with_edns(txt_query()));
  second.send(with_edns(txt_query(5)));
  for (ClientLeg* const leg : {&first, &second}) {
    const dns::Message reply = leg->read_message();
    CHECK(reply.header.rcode == dns::rcode::SERVFAIL);
    CHECK(extended_error_in(reply).code == dns::ede::NETWORK_ERROR);
  }
}

TEST_CASE("while the resolver is away, what has expired is given, and says so (RFC 8767)") {
  auto upstream = std::make_unique<ScriptedUpstream>(Transport::tls, says(1));
  const Proxy proxy(upstream->as_upstream() + kCache + Arguments{"--serve-stale", "3600"});
  ClientLeg dot(proxy, Transport::tls);
  dot.ask(with_edns(txt_query()));
  upstream.reset();
  const net::Deadline deadline = net::Deadline::in(kPatience);
  dns::Message reply = dot.ask(with_edns(txt_query()));
  while (!deadline.expired() && extended_error_in(reply).code != dns::ede::STALE_ANSWER) {
    CHECK(reply.header.rcode == dns::rcode::NOERROR);
    reply = dot.ask(with_edns(txt_query()));
  }
  REQUIRE(reply.answers.size() == 1);
  CHECK(reply.answers[0].ttl == 30);
  CHECK(extended_error_in(reply).code == dns::ede::STALE_ANSWER);
  // Once that is known, nobody waits for it, whoever asks.
  const auto begin = net::Deadline::Clock::now();
  CHECK(ClientLeg(proxy, Transport::udp).ask(with_edns(txt_query())).answers.size() == 1);
  CHECK(net::Deadline::Clock::now() - begin < std::chrono::seconds(1));
}

TEST_CASE("an answer that is asked for often is asked for again before it is over") {
  const ScriptedUpstream upstream(Transport::tcp, says(1));
  Proxy proxy(upstream.as_upstream() + kCache + kWithMetrics);
  const Scraper scraper(proxy);
  ClientLeg udp(proxy, Transport::udp);
  const net::Deadline deadline = net::Deadline::in(kPatience);
  double prefetches = 0;
  for (std::size_t seen = 1; !deadline.expired() && prefetches == 0; ++seen) {
    while (!deadline.expired() && upstream.seen().size() <= seen) udp.ask(txt_query());
    prefetches = scraper.samples()["dot_proxy_cache_prefetches_total"];
  }
  CHECK(prefetches == 1);
}

TEST_CASE("clients with and without EDNS, and with DO, each get what they would get from the resolver") {
  const ScriptedUpstream upstream(Transport::tls, [](const Seen& seen) {
    const dns::Message query = seen.message();
    dns::Message answer = answer_with(query, 300);
    answer.edns->dnssec_ok = query.edns->dnssec_ok;
    return dns::encode(answer);
  });
  const Proxy proxy(upstream.as_upstream() + kCache + Arguments{"--pad", "always"});
  ClientLeg dot(proxy, Transport::tls);
  dns::Message with_do = with_edns(txt_query());
  with_do.edns->dnssec_ok = true;
  for (int round = 0; round < 2; ++round) {
    CHECK_FALSE(dot.ask(txt_query()).edns.has_value());
    CHECK_FALSE(dot.ask(with_edns(txt_query())).edns.value().dnssec_ok);
    CHECK(dot.ask(with_do).edns.value().dnssec_ok);
  }
  CHECK(upstream.seen().size() == 3);
}

TEST_CASE("an answer in the cache that is too large for a client's datagrams is truncated for it") {
  const ScriptedUpstream upstream(Transport::tls, says(300, 1000));
  const Proxy proxy(upstream.as_upstream() + kCache);
  CHECK(ClientLeg(proxy, Transport::tls).ask(with_edns(txt_query())).answers.size() == 5);
  ClientLeg udp(proxy, Transport::udp);
  const dns::Message small = udp.ask(with_edns(txt_query(), 512));
  CHECK(small.header.tc);
  CHECK(small.answers.empty());
  const dns::Message large = udp.ask(with_edns(txt_query(), 1232));
  CHECK_FALSE(large.header.tc);
  CHECK(large.answers.size() == 5);
  CHECK(upstream.seen().size() == 1);
}
