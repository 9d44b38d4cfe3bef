// Four copies of the proxy behind haproxy, as proxyserver/deploy/haproxy.cfg has it, each in a network of its
// own: what their clients see of a copy that dies, and of copies that are restarted one after the other. That
// takes root.
#include <array>
#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <thread>

#include "common/tls/issue/issue.h"
#include "common/tls/tls_stream.h"
#include "tests/interop/peer.h"
#include "tests/support/findings.h"

using net::Transport;

namespace {

using namespace std::chrono_literals;

constexpr unsigned kCopies = 4, kClients = 8;
constexpr const char* kClient = "client=10.77.0.1:";  // this program, in logs and traces

std::string address_of(unsigned host) {
  return fmt::format("10.77.0.{}", host);
}

std::string copy_name(unsigned copy) {
  return fmt::format("copy{}", copy + 1);
}

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
  return count;
}

void wait_until(const auto& holds) {
  for (const auto deadline = net::Deadline::in(kPatience); !holds(); poll(nullptr, 0, 5))
    REQUIRE_FALSE(deadline.expired());
}

// A network for this thread, those that it starts, and their programs: 10.77.0.1 in 10.77.0.0/24. There are
// more machines in it, as namespaces of ip-netns(8). In this order, since they begin where the thread was
// before.
class Network {
 public:
  explicit Network(const std::string& ip) : ip_(ip) {
    entered_ = before_.valid() && unshare(CLONE_NEWNET) == 0;
    if (entered_)
      run_to_end(
          {"/bin/sh", "-ec",
           "ip link set lo up; ip link add hub type bridge; ip address add 10.77.0.1/24 dev hub; ip link "
           "set hub up"});
  }
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  ~Network() {
    for (const std::string& name : machines_)
      Process({ip_, "netns", "delete", name}).wait_exit(net::Deadline::in(5s));
    if (entered_) setns(before_.get(), CLONE_NEWNET);
  }

  bool entered() const { return entered_; }

  // The beginning of a command that is to run there.
  Arguments machine(const std::string& name, unsigned host) {
    const std::string space = fmt::format("dot-{}-{}", getpid(), name);
    machines_.push_back(space);
    run_to_end({"/bin/sh", "-ec",
                fmt::format("ip netns add {0}; ip link add {1} type veth peer name eth0 netns {0}\n"
                            "ip link set {1} master hub up; ip -n {0} address add {2}/24 dev eth0\n"
                            "ip -n {0} link set eth0 up; ip -n {0} link set lo up",
                            space, name, address_of(host))});
    return {ip_, "netns", "exec", space};
  }

 private:
  const std::string ip_;
  const net::UniqueFd before_{open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
  bool entered_ = false;
  std::vector<std::string> machines_;
};

// haproxy, copies and a resolver, each on a machine of its own.
class Farm {
 public:
  // nullptr: something is missing, and the test is to be skipped.
  static std::unique_ptr<Farm> make() {
    const auto ip = find_peer("ip"), haproxy = find_peer("haproxy");
    if (!ip || !haproxy) return nullptr;
    auto farm = std::unique_ptr<Farm>(new Farm(*ip));
    if (farm->network_.entered()) return farm->start(*haproxy), std::move(farm);
    WARN("skipped: networks of its own take root");
    return nullptr;
  }

  void start_copy(unsigned copy) {
    copies_[copy].emplace(machines_[copy] + Arguments{PROXYSERVER_PROGRAM,
                                                      "--listen",
                                                      "proxy+tls://0.0.0.0:853",
                                                      "--proxy-from",
                                                      address_of(kBalancer),
                                                      "--allow",
                                                      "10.77.0.0/24",
                                                      "--cert",
                                                      ca_file(),
                                                      "--key",
                                                      files_.file("key.pem"),
                                                      "--ticket-key-file",
                                                      files_.file("tickets"),
                                                      "--upstream",
                                                      fmt::format("tls://{}#lab.test", address_of(kResolver)),
                                                      "--upstream-ca",
                                                      files_.file("lab.pem"),
                                                      "--trace",
                                                      trace_file(copy),
                                                      "--query-log",
                                                      files_.file(copy_name(copy) + ".queries")},
                          1);
  }
  Process& copy(unsigned copy) { return copies_[copy]->process(); }

  std::string ca_file() const { return files_.file("cert.pem"); }
  std::string trace(unsigned copy) const { return content_of(trace_file(copy)); }
  std::string queries(unsigned copy) const { return content_of(files_.file(copy_name(copy) + ".queries")); }
  std::size_t accepted(unsigned copy) const {
    return count_of(trace(copy), fmt::format(" accepted {}", kClient));
  }
  DotConnection connect() const { return DotConnection(front_, context_); }
  std::string balancer_says() { return balancer_->take_output() + balancer_->error_output(); }

 private:
  static constexpr unsigned kBalancer = 2, kResolver = 3, kFirstCopy = 11;

  explicit Farm(const std::string& ip) : network_(ip) {}

  void start(const std::string& haproxy) {
    const tls::Identity identity =
        tls::issue_self_signed({.common_name = "copies", .names = {"DNS:localhost"}});
    tls::write_file(ca_file(), identity.certificate, false);
    tls::write_file(files_.file("key.pem"), identity.key, true);
    tls::write_file(files_.file("tickets"), std::string(106, 'A') + "A=\n", true);  // 80 octets, all zero
    context_ = trust(ca_file());
    resolver_.emplace(
        network_.machine("resolver", kResolver) +
            Arguments{LABRESOLVER_PROGRAM, "--listen", fmt::format("tls://{}:853", address_of(kResolver)),
                      "--ca-out", files_.file("lab.pem")},
        1);
    Arguments environment = {"/usr/bin/env"};
    for (unsigned i = 0; i < kCopies; ++i) {
      machines_.push_back(network_.machine(copy_name(i), kFirstCopy + i));
      environment.push_back(fmt::format("COPY{}={}:853", i + 1, address_of(kFirstCopy + i)));
      start_copy(i);
    }
    balancer_.emplace(network_.machine("balancer", kBalancer) + environment +
                      Arguments{haproxy, "-f", std::string(DEPLOY) + "/haproxy.cfg"});
    front_ = {Transport::tls, net::SocketAddress::parse(address_of(kBalancer), 853).value(), {}};
    wait_until([&] {
      try {
        return connect().ask(make_query("first.tag.test.", dns::type::TXT)).rcode() == dns::rcode::NOERROR;
      } catch (const std::exception&) {  // it does not listen yet
        return false;
      }
    });
  }
  std::string trace_file(unsigned copy) const { return files_.file(copy_name(copy) + ".trace"); }

  Network network_;
  TempDir files_;
  std::vector<Arguments> machines_;  // the copies'
  std::shared_ptr<const tls::ClientContext> context_;
  net::Endpoint front_;
  std::optional<Listening> resolver_;
  std::array<std::optional<Listening>, kCopies> copies_;
  std::optional<Process> balancer_;
};

// Clients that ask steadily. Told by a keepalive of zero that the copy stops (RFC 7828 §3.4) they connect
// again; a query whose connection is closed before its answer is asked again (RFC 7766 §6.2.4).
class Load {
 public:
  // Every second one keeps its connection for `queries` queries only; 0: none does.
  Load(const Farm& farm, unsigned clients, unsigned queries) : farm_(farm) {
    for (unsigned i = 0; i < clients; ++i)
      threads_.emplace_back(
          [this, i, life = i % 2 == 1 ? queries : 0](const std::stop_token& stop) { run(stop, i, life); });
    wait_for_more(10 * clients);
  }

  void wait_for_more(unsigned answers) const {
    const unsigned enough = answers_ + answers;
    wait_until([&] { return answers_ >= enough; });
  }
  unsigned cuts() const { return cuts_; }  // connections that ended before an answer that was owed
  unsigned finish() {                      // how many answers; the test fails if one is missing
    for (std::jthread& thread : threads_) thread.request_stop();
    threads_.clear();
    CHECK(findings_.all_wrong() == std::vector<std::string>{});
    return answers_;
  }

 private:
  static constexpr unsigned kTries = 4;

  void run(const std::stop_token& stop, unsigned client, unsigned life) {
    std::optional<DotConnection> connection;
    unsigned asked = 0, tries = 0;
    for (unsigned number = 0; !stop.stop_requested();) try {
        if (!connection) connection.emplace(farm_.connect());
        const std::string name = fmt::format("q{}.client{}.tag.test.", number, client);
        connection->send(with_edns(make_query(name, dns::type::TXT)));
        const dns::Message answer = connection->read_message();
        if (answer.answers.size() != 1 || dns::rdata_to_text(answer.answers[0].rdata) != '"' + name + '"')
          return findings_.wrong(fmt::format("{}: rcode {}", name, answer.rcode()));
        ++number;
        ++answers_;
        tries = 0;
        const auto* const keepalive = answer.edns ? answer.edns->find(dns::option::KEEPALIVE) : nullptr;
        if ((keepalive != nullptr && keepalive->value == Bytes{0, 0}) || ++asked == life) {
          connection.reset();
          asked = 0;
        }
        poll(nullptr, 0, 10);
      } catch (const std::exception& error) {  // closed, or reset
        ++cuts_;
        connection.reset();
        if (++tries == kTries)
          return findings_.wrong(fmt::format("client {}: {} tries: {}", client, kTries, error.what()));
      }
  }

  const Farm& farm_;
  std::atomic<unsigned> answers_ = 0, cuts_ = 0;
  Findings findings_;
  std::vector<std::jthread> threads_;
};

}  // namespace

TEST_CASE("behind haproxy each copy of the proxy sees the real client, and resumes what another began") {
  const auto farm = Farm::make();
  if (!farm) return;
  constexpr unsigned kVisits = 8;
  std::size_t resumed = 0;
  for (unsigned i = 0; i < kVisits; ++i) {
    DotConnection connection = farm->connect();
    REQUIRE(connection.ask(make_query("a.tag.test.", dns::type::TXT)).rcode() == dns::rcode::NOERROR);
    resumed += dynamic_cast<tls::TlsStream&>(connection.stream()).facts().resumed ? 1 : 0;
  }
  CHECK(resumed == kVisits);  // the first of all has asked as this began
  for (unsigned i = 0; i < kCopies; ++i) {
    CAPTURE(i, farm->trace(i));
    CHECK(farm->accepted(i) > 0);
    wait_until([&] { return farm->queries(i).find(kClient) != std::string::npos; });
  }
}

TEST_CASE("a copy that is killed under load costs its own connections alone, and their clients come back") {
  const auto farm = Farm::make();
  if (!farm) return;
  Load load(*farm, kClients, 0);
  const auto connections = [&](unsigned copy) {  // now
    const std::string trace = farm->trace(copy);
    return count_of(trace, fmt::format(" accepted {}", kClient)) -
           count_of(trace, fmt::format(" closed {}", kClient));
  };
  wait_until([&] {  // until every client has its connection, and those of before are gone
    std::size_t all = 0;
    for (unsigned i = 0; i < kCopies; ++i) all += connections(i);
    return all == kClients;
  });
  unsigned victim = 0;
  for (unsigned i = 1; i < kCopies; ++i)
    if (connections(i) > connections(victim)) victim = i;
  const std::size_t its_own = connections(victim);
  CHECK(its_own < kClients);
  CHECK(load.cuts() == 0);
  farm->copy(victim).signal(SIGKILL);
  REQUIRE(farm->copy(victim).wait_exit(net::Deadline::in(kPatience)) == 128 + SIGKILL);
  wait_until([&] { return load.cuts() >= its_own; });
  load.wait_for_more(50 * kClients);
  load.finish();
  CHECK(load.cuts() == its_own);
}

TEST_CASE(
    "copies that are restarted one after the other under load lose no query of clients that ask again") {
  const auto farm = Farm::make();
  if (!farm) return;
  Load load(*farm, kClients, 10);
  for (unsigned i = 0; i < kCopies; ++i) {
    CAPTURE(i);
    farm->copy(i).signal(SIGTERM);
    REQUIRE(farm->copy(i).wait_exit(net::Deadline::in(kPatience)) == 0);
    CHECK(farm->copy(i).error_output().find("cut-off") == std::string::npos);
    const std::size_t before = farm->accepted(i);
    farm->start_copy(i);
    wait_until([&] { return farm->accepted(i) > before; });  // haproxy has seen that it is back
  }
  const unsigned cuts = load.cuts();
  const unsigned answers = load.finish();
  fmt::print("rolling restart: {} answers, {} connections closed before one\n", answers, cuts);
  CHECK(answers > 100);
}
