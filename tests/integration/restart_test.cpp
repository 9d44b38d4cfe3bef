// The upstream dies and returns under load from every leg: every query ends, and nearly all of them well. The
// short form of what tests/bench/restart.sh does at length.
#include <atomic>
#include <fmt/format.h>
#include <map>
#include <thread>

#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/findings.h"

using net::Transport;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Queries wait two seconds for a resolver that is being restarted. Where a machine under load needs longer
// than this to start one, that is an outage: queries then fail in time to be asked elsewhere, and rightly so.
constexpr seconds kLongestRestart{1};

std::size_t setting(const char* name, std::size_t otherwise) {
  const char* const value = std::getenv(name);
  return value != nullptr ? static_cast<std::size_t>(std::atol(value)) : otherwise;
}

std::string name_of(unsigned client, std::uint16_t id) {
  return fmt::format("q{}.client{}.tag.test.", id, client);
}

// Asks at an even pace until told to stop, and then waits for what it is owed.
class PacedClient {
 public:
  PacedClient(const Proxy& proxy, unsigned number, Clock::duration pace, Findings& findings)
      : number_(number), pace_(pace), findings_(findings), leg_(proxy, kAllLegs[number % 3]) {}

  void run(const std::atomic<bool>& stop) try {
    auto next = Clock::now();
    while (!stop) {
      leg_.send(with_edns(make_query(name_of(number_, next_id_), dns::type::TXT, next_id_)));
      owed_[next_id_++] = true;
      next += pace_;
      while (const auto reply = leg_.next_message(net::Deadline::at(next))) judge(*reply);
    }
    const auto end = net::Deadline::in(seconds(10));
    while (!owed_.empty()) {
      const auto reply = leg_.next_message(end);
      if (!reply)
        return findings_.wrong(fmt::format("client {}: {} queries without an end over {}", number_,
                                           owed_.size(), to_string(leg_.transport())));
      judge(*reply);
    }
  } catch (const std::exception& error) {
    findings_.wrong(fmt::format("client {}: {}", number_, error.what()));
  }

 private:
  void judge(const dns::Message& reply) {
    const std::uint16_t id = reply.header.id;
    if (owed_.erase(id) == 0)
      findings_.wrong(fmt::format("client {}: ID {} is owed no answer", number_, id));
    else if (reply.header.rcode == dns::rcode::SERVFAIL)
      findings_.failed();
    else if (reply.answers.size() == 1 &&
             dns::rdata_to_text(reply.answers[0].rdata) == '"' + name_of(number_, id) + '"')
      findings_.right();
    else
      findings_.wrong(fmt::format("client {}: rcode {}", number_, reply.rcode()));
  }

  const unsigned number_;
  const Clock::duration pace_;
  Findings& findings_;
  ClientLeg leg_;
  std::map<std::uint16_t, bool> owed_;
  std::uint16_t next_id_ = 0;
};

}  // namespace

TEST_CASE(
    "an upstream that is restarted again and again under load costs no query its end, and hardly any its "
    "answer") {
  const std::size_t restarts = setting("DOT_RESTARTS", 5);
  const std::size_t rate = setting("DOT_RATE", 500);  // queries per second, of all clients together
  const Transport upstream = GENERATE(Transport::tls, Transport::tcp);
  constexpr unsigned kClients = 12;
  const TempDir ca;
  const Arguments same_ca = {"--ca-dir", ca.file("ca")};
  std::optional<LabResolver> resolver(std::in_place, same_ca);
  const net::Endpoint endpoint = resolver->endpoint(upstream);
  const Proxy proxy(*resolver, upstream, kWithUdp);
  Findings findings;
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kClients; ++i)
    threads.emplace_back(
        [&, i] { PacedClient(proxy, i, Clock::duration(seconds(kClients)) / rate, findings).run(stop); });
  // A second of load between restarts, counted by queries that a client of our own sees answered.
  DotConnection witness = proxy.connect(Transport::tls);
  const auto let_load_run = [&] {
    CHECK(witness.ask(make_query("delay-700.www.tag.test.", dns::type::TXT)).answers.size() == 1);
  };
  std::size_t outages = 0;
  unsigned failed_in_outages = 0;
  let_load_run();
  for (std::size_t i = 0; i < restarts; ++i) {
    const unsigned failed_before = findings.failed_count();
    const auto begin = Clock::now();
    resolver.reset();
    resolver.emplace(Arguments{"--listen", endpoint.to_string()} + same_ca);
    const bool was_outage = Clock::now() - begin > kLongestRestart;
    let_load_run();
    if (!was_outage) continue;
    ++outages;
    failed_in_outages += findings.failed_count() - failed_before;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();

  const unsigned ended = findings.right_count() + findings.failed_count();
  fmt::print("{} restarts over {}: {} queries, {} SERVFAIL; {} took too long, with {} of these\n", restarts,
             to_string(upstream), ended, findings.failed_count(), outages, failed_in_outages);
  CAPTURE(findings.all_wrong());
  CHECK(findings.all_wrong().empty());
  CHECK(ended > restarts * rate / 4);
  // At least 99.9 % answered. Under a sanitizer a dozen handshakes at once take as long as a short outage.
  CHECK(findings.failed_count() - failed_in_outages <= ended / (SANITIZED ? 20 : 1000));
}
