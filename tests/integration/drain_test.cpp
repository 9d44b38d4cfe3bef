// Told to stop, the proxy lets nobody in, and owes nobody anything when it goes: what was sent to it before
// its client could know has its answer, under load too.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <poll.h>
#include <thread>

#include "common/net/net_error.h"
#include "common/net/tcp.h"
#include "common/tls/issue/issue.h"
#include "common/tls/tls_stream.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/findings.h"

using net::Transport;

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::string name_of(unsigned client, unsigned query) {
  return fmt::format("q{}.client{}.tag.test.", query, client);
}

void send_many(ClientLeg& leg, unsigned count) {
  for (unsigned i = 0; i < count; ++i)
    leg.send(make_query(name_of(0, i), dns::type::TXT, static_cast<std::uint16_t>(i)));
}

unsigned answers_to_many(ClientLeg& leg, unsigned count) {
  unsigned right = 0;
  while (right < count && leg.read_message().header.rcode == dns::rcode::NOERROR) ++right;
  return right;
}

// Waits for a line of the proxy's log.
bool logs(Proxy& proxy, std::string_view event) {
  for (const auto deadline = net::Deadline::in(kPatience); !deadline.expired(); poll(nullptr, 0, 2))
    if (proxy.process().error_output().find(event) != std::string::npos) return true;
  return false;
}

bool says_keepalive_zero(const dns::Message& answer) {
  const auto* option = answer.edns ? answer.edns->find(dns::option::KEEPALIVE) : nullptr;
  return option != nullptr && option->value == Bytes{0, 0};
}

// Asks every `pace`, answered or not, until it is told keepalive 0 (RFC 7828 §3.4) or the connection ends;
// then only waits for what it is owed.
void ask_steadily(DotConnection& connection, unsigned number, std::chrono::milliseconds pace,
                  std::atomic<unsigned>& answers, Findings& findings) try {
  unsigned sent = 0, answered = 0;
  bool told = false;
  const auto take = [&] {
    const auto octets = connection.read();
    if (!octets) return false;
    told = says_keepalive_zero(dns::decode(*octets).value());
    ++answered;
    ++answers;
    return true;
  };
  bool open = true;
  for (auto next = Clock::now(); !told && open; next += pace) {
    connection.send(
        with_edns(make_query(name_of(number, sent), dns::type::TXT, static_cast<std::uint16_t>(sent))));
    ++sent;
    pollfd entry{connection.fd(), POLLIN, 0};
    while (!told && open && poll(&entry, 1, net::Deadline::at(next + pace).poll_ms()) > 0) open = take();
  }
  while (open && answered < sent) open = take();
  if (answered < sent || !told)
    findings.wrong(fmt::format("client {}: {} of {} answered, told: {}", number, answered, sent, told));
} catch (const std::exception& error) {
  findings.wrong(fmt::format("client {}: {}", number, error.what()));
}

// 2,000 queries per second of forty who ask steadily, by TLS and TCP. Here from the beginning; over when all
// have been told that the proxy stops.
class SteadyLoad {
 public:
  explicit SteadyLoad(const Proxy& proxy) {
    for (unsigned i = 0; i < kClients; ++i)
      connections_.push_back(proxy.connect(i % 2 == 0 ? Transport::tls : Transport::tcp));
    for (unsigned i = 0; i < kClients; ++i)
      threads_.emplace_back([this, i] {
        poll(nullptr, 0, static_cast<int>(i) % 20);  // one after the other, as many clients do
        // 2,000 a second in all; programs under sanitizers cannot do so much.
        ask_steadily(connections_[i], i, SANITIZED ? 100ms : 20ms, answers_, findings_);
      });
  }

  // Until a quarter of a second's queries more have been answered.
  void go_on() const {
    const unsigned enough = answers_ + 500;
    for (const auto deadline = net::Deadline::in(kPatience); answers_ < enough; poll(nullptr, 0, 5))
      REQUIRE_FALSE(deadline.expired());
  }
  unsigned finish() {  // how many were answered; the test fails if one was not
    threads_.clear();
    CHECK(findings_.all_wrong() == std::vector<std::string>{});
    return answers_;
  }

 private:
  static constexpr unsigned kClients = 40;

  Findings findings_;
  std::atomic<unsigned> answers_ = 0;
  std::vector<DotConnection> connections_;
  std::vector<std::jthread> threads_;
};

std::ptrdiff_t lines_in(const std::string& file) {
  return std::ranges::count(content_of(file), '\n');
}

}  // namespace

TEST_CASE("what lies unread in the proxy's sockets as it is told to stop is answered") {
  constexpr unsigned kMany = 150;  // more than one read, and more than may be in flight
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, kWithUdp);
  ClientLeg tls(proxy, Transport::tls);
  ClientLeg tcp(proxy, Transport::tcp);
  ClientLeg udp(proxy, Transport::udp);
  for (ClientLeg* leg : {&tls, &tcp, &udp})
    REQUIRE(leg->ask(make_query("first.tag.test.", dns::type::TXT)).header.rcode == dns::rcode::NOERROR);

  proxy.process().signal(SIGSTOP);
  ClientLeg waiting(proxy, Transport::tcp);  // in the queue of connections that nobody has accepted
  for (ClientLeg* leg : {&tls, &tcp, &udp, &waiting}) send_many(*leg, kMany);
  proxy.process().signal(SIGTERM);
  proxy.process().signal(SIGCONT);
  for (ClientLeg* leg : {&tls, &tcp, &udp, &waiting}) {
    CAPTURE(to_string(leg->transport()), leg == &waiting);
    CHECK(answers_to_many(*leg, kMany) == kMany);
  }
  CHECK(proxy.process().wait_exit(net::Deadline::in(kPatience)) == 0);
}

TEST_CASE("a drain under 2,000 queries per second loses none of clients that follow keepalive 0") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls);
  SteadyLoad load(proxy);
  load.go_on();
  proxy.process().signal(SIGTERM);
  const auto told = Clock::now();
  CHECK(proxy.process().wait_exit(net::Deadline::in(kPatience)) == 0);
  CHECK(Clock::now() - told < 5s);
  CHECK(load.finish() >= 500);
  CHECK(proxy.process().error_output().find("cut-off") == std::string::npos);
}

TEST_CASE(
    "a new certificate, a log rotated and a drain under 2,000 queries per second lose none, nor a line") {
  const LabResolver resolver;
  const TempDir logs_of;
  const std::string log = logs_of.file("queries");
  Proxy proxy(resolver, Transport::tls, {"--query-log", log});
  SteadyLoad load(proxy);
  load.go_on();

  const tls::Identity next =
      tls::issue_self_signed({.common_name = "next", .names = {"DNS:localhost", "IP:127.0.0.1"}});
  tls::write_file(std::filesystem::path(proxy.ca_file()).parent_path() / "key.pem", next.key, true);
  tls::write_file(proxy.ca_file(), next.certificate, false);
  proxy.process().signal(SIGHUP);
  REQUIRE(logs(proxy, "reloaded by=SIGHUP changed=\"cert key\""));
  {
    DotConnection comes(proxy.endpoint(Transport::tls), trust(proxy.ca_file()));  // the new one alone
    CHECK(comes.ask(make_query("a.tag.test.", dns::type::TXT)).rcode() == dns::rcode::NOERROR);
  }
  load.go_on();

  std::filesystem::rename(log, log + ".1");
  proxy.process().signal(SIGUSR1);
  REQUIRE(logs(proxy, "log-reopened file=" + log));
  load.go_on();

  proxy.process().signal(SIGTERM);
  CHECK(proxy.process().wait_exit(net::Deadline::in(kPatience)) == 0);
  const unsigned answers = load.finish() + 1;
  CHECK(answers > 1500);
  CHECK(lines_in(log + ".1") > 0);
  CHECK(lines_in(log) > 0);
  CHECK(lines_in(log + ".1") + lines_in(log) == static_cast<std::ptrdiff_t>(answers));
  CHECK(proxy.process().error_output().find("cut-off") == std::string::npos);
}

TEST_CASE("every client with EDNS is told once the proxy is about to stop, and one without is not") {
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls);
  DotConnection client = proxy.connect(leg);
  CHECK_FALSE(says_keepalive_zero(client.ask(with_edns(make_query("a.tag.test.", dns::type::TXT)))));
  proxy.process().signal(SIGTERM);
  REQUIRE(logs(proxy, "stopping"));
  CHECK(says_keepalive_zero(client.ask(with_edns(make_query("b.tag.test.", dns::type::TXT)))));
  CHECK_FALSE(client.ask(make_query("c.tag.test.", dns::type::TXT)).edns);
  CHECK(client.closed_by_peer());
}

TEST_CASE("who is half through a handshake as the proxy is told to stop may end it, and ask") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls);
  net::UniqueFd socket =
      net::connect_tcp(proxy.endpoint(Transport::tls).address, net::Deadline::in(kPatience));
  DotConnection behind = proxy.connect(Transport::tls);  // accepted after it
  proxy.process().signal(SIGTERM);
  REQUIRE(logs(proxy, "stopping"));
  tls::TlsStream late(std::move(socket), *proxy.context(), "the proxy");
  late.handshake(net::Deadline::in(kPatience));
  net::write_frame(late, dns::encode(make_query("late.tag.test.", dns::type::TXT)),
                   net::Deadline::in(kPatience));
  net::FrameReader reader;
  CHECK(net::read_frame(late, reader, net::Deadline::in(kPatience)).has_value());
  CHECK_FALSE(net::read_frame(late, reader, net::Deadline::in(kPatience)).has_value());  // and then our close
}

TEST_CASE("what goes on for longer than --drain-timeout is cut off, with exit code 0") {
  const LabResolver resolver({"--fault", "drop"});
  Proxy proxy(resolver, Transport::tls,
              kWithUdp + Arguments{"--drain-timeout", "400ms", "--query-timeout", "60s"});
  DotConnection client = proxy.connect(Transport::tls);
  ClientLeg datagrams(proxy, Transport::udp);
  client.send(make_query("lost.tag.test.", dns::type::TXT));
  datagrams.send(make_query("lost.tag.test.", dns::type::TXT));
  proxy.process().signal(SIGTERM);
  CHECK(proxy.process().wait_exit(net::Deadline::in(5s)) == 0);
  CHECK(proxy.process().error_output().find("stopped cut-off=1") != std::string::npos);
}

TEST_CASE("a second signal ends the proxy at once") {
  const int second = GENERATE(SIGTERM, SIGINT);
  const LabResolver resolver({"--fault", "drop"});
  Proxy proxy(resolver, Transport::tls);
  DotConnection client = proxy.connect(Transport::tls);
  client.send(make_query("lost.tag.test.", dns::type::TXT));
  proxy.process().signal(SIGTERM);
  REQUIRE(logs(proxy, "stopping"));
  proxy.process().signal(second);
  CHECK(proxy.process().wait_exit(net::Deadline::in(2s)) == 128 + second);
}

TEST_CASE("a client that never stops asking cannot keep the proxy from stopping") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls);
  DotConnection client = proxy.connect(Transport::tcp);
  client.ask(make_query("a.tag.test.", dns::type::TXT));
  proxy.process().signal(SIGTERM);
  const auto told = Clock::now();
  try {
    do client.send(make_query("b.tag.test.", dns::type::TXT));
    while (client.read() && Clock::now() < told + kPatience);
  } catch (const net::NetError&) {  // it has closed
  }
  CHECK(Clock::now() - told < 4s);
  CHECK(proxy.process().wait_exit(net::Deadline::in(2s)) == 0);
}
