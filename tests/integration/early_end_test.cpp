// Clients that go at every moment there is, in every way there is; and that the proxy then has nothing left
// of them: no session, no descriptor, no query that finds its way to somebody else (NSD's CVE-2026-12245 and
// its kin were a use after such an end).
#include <fmt/format.h>
#include <poll.h>

#include "common/net/net_error.h"
#include "tests/support/bystander.h"
#include "tests/support/catch.h"
#include "tests/support/raw_client.h"

using net::Transport;

namespace {

enum class Moment : std::uint8_t {
  connected,
  half_hello,
  hello,
  finished,
  half_length,
  half_query,
  query,
  half_answer,
  answer,
};
constexpr int kMoments = 9;
constexpr End kEnds[] = {End::fin, End::reset, End::close_notify, End::alert};

Bytes frame(std::string_view name, std::uint16_t type) {
  const Bytes message = dns::encode(make_query(name, type));
  Bytes octets = {0, static_cast<std::uint8_t>(message.size())};
  octets.insert(octets.end(), message.begin(), message.end());
  return octets;
}

// Plays a client up to that moment.
void play(RawClient& client, Moment moment) {
  if (moment == Moment::connected) return;
  if (moment <= Moment::hello) {
    const Bytes hello = client.client_hello();
    return client.send(ByteView(hello).first(moment == Moment::hello ? hello.size() : hello.size() / 2));
  }
  client.handshake();
  if (moment == Moment::finished) return;
  // A long answer is under way when it has begun to come; a short one has come; a late one has not.
  const Bytes query = moment == Moment::half_answer ? frame("big.example.com.", dns::type::TXT)
                      : moment == Moment::answer    ? frame("www.tag.test.", dns::type::TXT)
                                                    : frame("delay-30.www.tag.test.", dns::type::TXT);
  const std::size_t octets = moment == Moment::half_length  ? 1
                             : moment == Moment::half_query ? query.size() / 2
                                                            : query.size();
  client.send_sealed(ByteView(query).first(octets));
  if (moment < Moment::half_answer) return;
  pollfd entry{client.fd(), POLLIN, 0};
  poll(&entry, 1, net::Deadline::in(kPatience).poll_ms());
}

}  // namespace

TEST_CASE("clients that end at every moment, in every way, disturb nobody and leave nothing behind") {
  const LabResolver resolver;
  const Transport upstream = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(to_string(upstream));
  Proxy proxy(resolver, upstream);
  check_welcomed(proxy);
  const std::size_t descriptors = proxy.process().open_file_count();
  const std::size_t threads = proxy.process().thread_count();
  unsigned ends = 0;
  check_undisturbed(proxy, [&](net::Deadline time) {
    for (unsigned round = 0; round == 0 || !time.expired(); ++round)
      for (int moment = 0; moment < kMoments; ++moment)
        for (const End how : kEnds) {
          RawClient client(proxy.endpoint(Transport::tls));
          play(client, static_cast<Moment>(moment));
          client.end(how);
          ++ends;
        }
  });
  fmt::print("  {} early ends\n", ends);
  // What they asked is answered to nobody within moments; then only connections that idle in the pool are
  // left.
  const auto deadline = net::Deadline::in(kPatience);
  while (proxy.process().thread_count() > threads && !deadline.expired()) check_welcomed(proxy);
  CHECK(proxy.process().thread_count() <= threads);
  CHECK(proxy.process().open_file_count() <= descriptors + 40);
  check_welcomed(proxy);
}

TEST_CASE("after any early end the client's place is free again") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, {"--max-connections", "1", "--handshake-timeout", "30s"});
  for (int moment = 0; moment < kMoments; ++moment)
    for (const End how : kEnds) {
      CAPTURE(moment, static_cast<int>(how));
      {
        RawClient client(proxy.endpoint(Transport::tls));
        play(client, static_cast<Moment>(moment));
        client.end(how);
      }
      // There is one place: to be served is to have got it.
      CHECK(proxy.connect(Transport::tls).ask(make_query("next.tag.test.", dns::type::TXT)).header.rcode ==
            dns::rcode::NOERROR);
    }
}
