// Crowds that connect and then hold on without getting anywhere: half-open handshakes, half a length, half a
// message, no reading. While they do a bystander is answered as before, newcomers are let in, and the proxy
// grows by what it received, not by what was announced.
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include "tests/support/bystander.h"
#include "tests/support/catch.h"
#include "tests/support/hex.h"
#include "tests/support/raw_client.h"

using net::Transport;

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kCrowd = SANITIZED ? 200 : 1000;
const Arguments kPatient = {"--max-connections-per-client",
                            "4096",
                            "--handshake-timeout",
                            "20s",
                            "--message-timeout",
                            "20s",
                            "--idle-timeout",
                            "20s",
                            "--write-timeout",
                            "20s"};

// Waits for `time`, or the end.
void pass(net::Deadline end, milliseconds time = milliseconds(10'000)) {
  poll(nullptr, 0, earlier(end, net::Deadline::in(time)).poll_ms());
}

Bytes part_of_hello(const Proxy& proxy, std::size_t part) {
  Bytes hello = RawClient(proxy.endpoint(Transport::tls)).client_hello();
  hello.resize(hello.size() * part / 2);
  return hello;
}

}  // namespace

TEST_CASE("a thousand handshakes that stop half-way disturb nobody, and end at their deadline") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls,
              kPatient + Arguments{"--handshake-timeout", SANITIZED ? "4s" : "1500ms"});
  const std::string state =
      GENERATE(as<std::string>(), "silent", "half a ClientHello", "a ClientHello", "half an HTTP request");
  CAPTURE(state);
  const Bytes octets = state == "silent"               ? Bytes{}
                       : state == "half a ClientHello" ? part_of_hello(proxy, 1)
                       : state == "a ClientHello"      ? part_of_hello(proxy, 2)
                                                       : hex("47 45 54 20");
  std::vector<RawClient> half_open;
  check_undisturbed(proxy, [&](net::Deadline end) {
    half_open = crowd(kCrowd, proxy.endpoint(Transport::tls), octets);
    pass(end);
  });
  check_welcomed(proxy);
  fmt::print("  {} with {}: {} kB at most\n", kCrowd, state, proxy.process().peak_memory() / 1024);
  // 84 kB for each that has sent its ClientHello with OpenSSL 3.0, 98 with 3.5 and its hybrid key share.
  if (!SANITIZED) CHECK(proxy.process().peak_memory() < 120'000'000);
  for (RawClient& client : half_open) REQUIRE(client.ended());
}

TEST_CASE("a thousand messages that stop half-way disturb nobody, and take memory only as they come") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, kPatient);
  const std::string octets = GENERATE(as<std::string>(), "00", "ff ff", "ff ff 00 01 01 00 00 01");
  CAPTURE(octets);
  const std::size_t before = proxy.process().peak_memory();
  std::vector<RawClient> stalled;
  check_undisturbed(proxy, [&](net::Deadline end) {
    stalled.clear();
    stalled = crowd(kCrowd, proxy.endpoint(Transport::tcp), hex(octets));
    pass(end);
  });
  check_welcomed(proxy);
  const std::size_t grown = proxy.process().peak_memory() - before;
  fmt::print("  {} with half a message: {} kB\n", kCrowd, grown / 1024);
  if (!SANITIZED) CHECK(grown / kCrowd < 40'000);  // 64 MB were announced
  const auto begin = std::chrono::steady_clock::now();
  CHECK(proxy.stop() == 0);  // all of them hanging on
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
}

TEST_CASE("clients that drip, an octet each at a time, disturb nobody: in the handshake, length, body") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, kPatient);
  const bool in_handshake = GENERATE(true, false);
  Bytes octets = part_of_hello(proxy, 2);
  if (!in_handshake) octets = Bytes(60'000, 0x7f);  // a length of 32,639, and a body
  check_undisturbed(proxy, [&](net::Deadline end) {
    auto dripping = crowd(kCrowd / 10, proxy.endpoint(in_handshake ? Transport::tls : Transport::tcp), {});
    for (std::size_t i = 0; i + 1 < octets.size() && !end.expired(); ++i) {
      for (RawClient& client : dripping) client.send(ByteView(octets).subspan(i, 1));
      pass(end, milliseconds(10));
    }
  });
  check_welcomed(proxy);
}

TEST_CASE("a handshake that drips does not put its deadline off") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, {"--handshake-timeout", "400ms"});
  const auto begin = std::chrono::steady_clock::now();
  RawClient client(proxy.endpoint(Transport::tls));
  const Bytes hello = client.client_hello();
  bool ended = false;
  for (std::size_t i = 0; i + 1 < hello.size() && !ended; ++i) {  // 250 octets, 20 ms apart
    client.send(ByteView(hello).subspan(i, 1));
    ended = client.ended(net::Deadline::in(milliseconds(20)));
  }
  CHECK(ended);
  CHECK(std::chrono::steady_clock::now() - begin >= milliseconds(400));
}

TEST_CASE("pipelines that nobody reads disturb nobody") {
  const LabResolver resolver;
  Proxy proxy(resolver, Transport::tls, kPatient);
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(to_string(leg));
  Bytes queries;
  for (std::uint16_t id = 0; id < 500; ++id) {  // 30 MB of answers
    const Bytes query = dns::encode(make_query("big.example.com.", dns::type::TXT, id));
    queries.push_back(0);
    queries.push_back(static_cast<std::uint8_t>(query.size()));
    queries.insert(queries.end(), query.begin(), query.end());
  }
  check_undisturbed(proxy, [&](net::Deadline end) {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<DotConnection> deaf;
    for (int i = 0; i < (SANITIZED ? 2 : 8); ++i) {
      deaf.push_back(proxy.connect(leg));
      const int small = 4096;
      setsockopt(deaf.back().fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
      deaf.back().send_octets(queries);
    }
    // Each gets as many answers as may be in flight, whether it reads them or not. Behind those comes this
    // one.
    proxy.connect(Transport::tls).ask(make_query("behind.tag.test.", dns::type::TXT));
    const auto burst = std::chrono::steady_clock::now() - begin;
    pass(end);
    pass(net::Deadline::in(
        std::chrono::duration_cast<milliseconds>(2 * burst)));  // most of the time is after it
  });
  fmt::print("  deaf pipelines: {} kB at most\n", proxy.process().peak_memory() / 1024);
  if (!SANITIZED) CHECK(proxy.process().peak_memory() < 200'000'000);
}

TEST_CASE("two clients that ask for large answers without a pause, and read them, disturb nobody") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, kPatient);
  check_undisturbed(proxy, [&](net::Deadline end) {
    std::vector<DotConnection> greedy;
    const dns::Message query = make_query("big.example.com.", dns::type::TXT);  // 60 kB
    for (int i = 0; i < 2; ++i) {
      greedy.push_back(proxy.connect(Transport::tcp));
      for (int j = 0; j < 64; ++j) greedy.back().send(query);
    }
    while (!end.expired())
      for (DotConnection& client : greedy) {
        CHECK(client.read_message().rcode() == dns::rcode::NOERROR);
        client.send(query);
      }
  });
}

TEST_CASE("out of descriptors the proxy goes on answering those it has, and lets others in afterwards") {
  const LabResolver resolver;
  Proxy proxy({"--upstream", resolver.uri(Transport::tcp), "--idle-timeout", "60s"}, {.open_files = 60});
  check_undisturbed(proxy, [&](net::Deadline end) {
    const auto waiting = crowd(200, proxy.endpoint(Transport::tcp), {});
    const double before = proxy.process().cpu_seconds();
    pass(end);
    if (proxy.process().cpu_seconds() - before > 0.5) throw std::runtime_error("the proxy spins");
  });
  check_welcomed(proxy);
}
