// Resolvers that are hostile to those who ask them: messages that nobody asked for beside those that somebody
// did, TLS that turns on its user, answers too late. The client gets the one right answer or SERVFAIL, in
// time; and whoever asks something else of the same resolver meanwhile notices nothing.
#include <fmt/format.h>
#include <mutex>

#include "tests/support/bystander.h"
#include "tests/support/catch.h"
#include "tests/support/hex.h"
#include "tests/support/raw_upstream.h"
#include "tests/support/scripted_upstream.h"

using net::Transport;

namespace {

using std::chrono::milliseconds;

// The right answer is known by its TTL; so is everything that must not be delivered.
constexpr std::uint32_t kRight = 60;
constexpr std::uint32_t kWrong = 13;

dns::Message marked(const dns::Message& query, std::uint32_t ttl) {
  dns::Message answer = answer_to(query);
  answer.answers.push_back({query.questions[0].name, 65280, dns::klass::IN, ttl, dns::Rdata{65280, {}}});
  return answer;
}

struct Nuisance {
  const char* what;
  void (*spoil)(dns::Message& answer);
};

const std::vector<Nuisance> kNuisances = {
    {"under another ID", [](dns::Message& a) { a.header.id ^= 1; }},
    {"under ID 65535", [](dns::Message& a) { a.header.id = a.header.id == 0xffff ? 0 : 0xffff; }},
    {"that is a query", [](dns::Message& a) { a.header.qr = false; }},
    {"of another opcode", [](dns::Message& a) { a.header.opcode = 5; }},
    {"to another name", [](dns::Message& a) { a.questions[0].name = *dns::Name::parse("other.test."); }},
    {"of another type", [](dns::Message& a) { a.questions[0].type = dns::type::AAAA; }},
    {"of another class", [](dns::Message& a) { a.questions[0].klass = 3; }},
    {"without a question", [](dns::Message& a) { a.questions.clear(); }},
    {"to two questions", [](dns::Message& a) { a.questions.push_back(a.questions[0]); }},
};

struct Trick {
  const char* what;
  void (*play)(RawLink& link, const dns::Message& query);  // instead of an answer, or before it
};

Bytes half_frame(const dns::Message& query) {
  Bytes wire = dns::encode(marked(query, kWrong));
  wire.insert(wire.begin(), {0, static_cast<std::uint8_t>(wire.size())});
  wire.resize(wire.size() / 2);
  return wire;
}

// Those after which an answer is still due, and those after which none can come.
const std::vector<Trick> kHarmless = {
    {"a hundred tickets",  // each costs OpenSSL some 30 µs, which all who ask that resolver share
     [](RawLink& link, const dns::Message&) {
       for (int i = 0; i < 100; ++i) link.tls().send_ticket();
     }},
    {"a hundred KeyUpdates that ask for one back",
     [](RawLink& link, const dns::Message&) {
       for (int i = 0; i < 100; ++i) link.tls().key_update(true);
     }},
};
const std::vector<Trick> kFatal = {
    {"a fatal alert",
     [](RawLink& link, const dns::Message&) {
       link.tls().receive(hex("17 03 03 00 11 0000000000000000 000000000000000000"));
       try {
         link.tls().read();
       } catch (const std::runtime_error&) {  // and an alert to the peer is what came of it
       }
       link.push();
     }},
    {"an alert in clear",
     [](RawLink& link, const dns::Message&) { link.send_raw(hex("15 03 03 00 02 02 28")); }},
    {"a message in clear",
     [](RawLink& link, const dns::Message& query) { link.send_raw(dns::encode(marked(query, kWrong))); }},
    {"half a frame and close_notify",
     [](RawLink& link, const dns::Message& query) {
       link.send_sealed(half_frame(query));
       link.tls().close();
       link.push();
     }},
    {"half a frame and nonsense",
     [](RawLink& link, const dns::Message& query) {
       link.send_sealed(half_frame(query));
       link.send_raw(Bytes(100, 0x5a));
     }},
    {"half a frame and the end",
     [](RawLink& link, const dns::Message& query) {
       link.send_sealed(half_frame(query));
       link.hang_up();
     }},
    {"tickets without end",
     [](RawLink& link, const dns::Message&) {
       for (int i = 0; i < 3000; ++i) {
         link.tls().send_ticket();
         link.push();
       }
     }},
};

bool is_of_bystander(const dns::Message& query) {
  return query.questions[0].name.to_string().starts_with("bystander");
}

RawUpstream::Script all_but_bystanders(void (*play)(RawLink&, const dns::Message&), bool answers) {
  return [play, answers](RawLink& link, const dns::Message& query) {
    if (!is_of_bystander(query)) play(link, query);
    if (answers || is_of_bystander(query)) link.send(marked(query, kRight));
  };
}

// Asks what the resolver is hostile about, again and again, beside a bystander. Every reply must be such.
void check_all(const Proxy& proxy, std::uint16_t rcode) {
  unsigned asked = 0;
  check_undisturbed(proxy, [&](net::Deadline end) {
    DotConnection client = proxy.connect(Transport::tls);
    for (bool more = true; more; more = !end.expired()) {
      const dns::Message reply = client.ask(make_query("spoilt.test.", dns::type::A));
      if (reply.rcode() != rcode) throw std::runtime_error(fmt::format("rcode {}", reply.rcode()));
      if (rcode == dns::rcode::NOERROR && (reply.answers.size() != 1 || reply.answers[0].ttl != kRight))
        throw std::runtime_error("the wrong answer was delivered");
      ++asked;
    }
  });
  fmt::print("  asked {} times\n", asked);
}

}  // namespace

TEST_CASE("an answer that nobody asked for is dropped, before the right one and after it (RFC 7766 §7)") {
  const Nuisance nuisance = GENERATE(from_range(kNuisances));
  CAPTURE(nuisance.what);
  const RawUpstream upstream([&](RawLink& link, const dns::Message& query) {
    dns::Message wrong = marked(query, kWrong);
    nuisance.spoil(wrong);
    if (!is_of_bystander(query)) link.send(wrong);
    link.send(marked(query, kRight));
    if (!is_of_bystander(query)) link.send(wrong);
  });
  const Proxy proxy(upstream.as_upstream());
  check_all(proxy, dns::rcode::NOERROR);
}

TEST_CASE("a thousand answers that nobody asked for cost the one that was asked for nothing") {
  const RawUpstream upstream([](RawLink& link, const dns::Message& query) {
    dns::Message wrong = marked(query, kWrong);
    for (int i = 0; i < 1000 && !is_of_bystander(query); ++i) {
      wrong.header.id = static_cast<std::uint16_t>(query.header.id + 1 + i);
      link.send(wrong);
    }
    link.send(marked(query, kRight));
  });
  const Proxy proxy(upstream.as_upstream());
  check_all(proxy, dns::rcode::NOERROR);
}

TEST_CASE("TLS housekeeping, however much of it, delays no answer (RFC 8446 §4.6)") {
  const Trick trick = GENERATE(from_range(kHarmless));
  CAPTURE(trick.what);
  const RawUpstream upstream(all_but_bystanders(trick.play, true));
  const Proxy proxy(upstream.as_upstream());
  check_all(proxy, dns::rcode::NOERROR);
}

TEST_CASE(
    "an answer that comes an octet to a record, with KeyUpdates between, is delivered (RFC 8446 §5.1)") {
  const RawUpstream upstream([](RawLink& link, const dns::Message& query) {
    Bytes frame = dns::encode(marked(query, kRight));
    frame.insert(frame.begin(), {0, static_cast<std::uint8_t>(frame.size())});
    for (const std::uint8_t& octet : frame) {
      if (!is_of_bystander(query)) link.tls().key_update();
      link.send_sealed({&octet, 1});
    }
  });
  const Proxy proxy(upstream.as_upstream());
  check_all(proxy, dns::rcode::NOERROR);
}

TEST_CASE("a resolver that turns on its user under TLS costs that query, and no other one") {
  const Trick trick = GENERATE(from_range(kFatal));
  CAPTURE(trick.what);
  const RawUpstream upstream(all_but_bystanders(trick.play, false));
  const Proxy proxy(upstream.as_upstream() + Arguments{"--query-timeout", "1500ms", "--hedge-after", "1s"});
  check_all(proxy, dns::rcode::SERVFAIL);
}

TEST_CASE("a resolver that turns on its user before the handshake is done ends in SERVFAIL, at once") {
  const std::string octets = GENERATE(as<std::string>(), "15 03 03 00 02 02 28 # a fatal alert",
                                      "17 03 03 00 05 01 02 03 04 05 # data without keys",
                                      "16 03 03 ff ff 00 # a record too long", "00 00 00 00 00 00 00 00");
  CAPTURE(octets);
  const RawUpstream upstream({}, [&](RawLink& link) {
    link.send_raw(hex(octets));
    link.hang_up();
  });
  const Proxy proxy(upstream.as_upstream() + Arguments{"--query-timeout", "20s"});
  DotConnection client = proxy.connect(Transport::tls);
  CHECK(client.ask(make_query("spoilt.test.", dns::type::A)).rcode() == dns::rcode::SERVFAIL);
}

TEST_CASE("an answer that comes after its query has ended is not the next one's (RFC 5452 §9.1)") {
  std::mutex mutex;  // each connection has a thread of its own
  std::optional<dns::Message> first;
  const RawUpstream upstream([&](RawLink& link, const dns::Message& query) {
    const std::scoped_lock lock(mutex);
    const std::string name = query.questions[0].name.to_string();
    if (name == "late.test." && !first) {
      first = query;
    } else if (name == "late.test.") {
      link.send(marked(*first, kWrong));
      link.send(marked(query, kRight));
    }
  });
  const Proxy proxy(upstream.as_upstream() + Arguments{"--query-timeout", "600ms"});
  DotConnection client = proxy.connect(Transport::tls);
  client.send(make_query("late.test.", dns::type::A, 1));
  CHECK_FALSE(client.closed_by_peer(net::Deadline::in(milliseconds(400))));
  client.send(make_query("keeps.the.connection.test.", dns::type::A, 2));
  CHECK(client.read_message().rcode() == dns::rcode::SERVFAIL);  // the first one's end
  const dns::Message reply = client.ask(make_query("late.test.", dns::type::A, 1));
  CHECK(reply.header.id == 1);
  REQUIRE(reply.answers.size() == 1);
  CHECK(reply.answers[0].ttl == kRight);
}

TEST_CASE("a resolver's faults cost those who meet them, and no bystander") {
  const std::string fault = GENERATE(as<std::string>(), "drop", "wrong-id", "wrong-question", "malformed",
                                     "close-mid-frame", "stall-mid-frame", "reset");
  CAPTURE(fault);
  const LabResolver resolver({"--fault", fault + "=spoilt.test"});
  const Proxy proxy(resolver, Transport::tls, {"--query-timeout", "600ms", "--hedge-after", "200ms"});
  check_all(proxy, dns::rcode::SERVFAIL);
}
