// The lookup at a resolver of one's own choice, against one that a test scripts, over UDP and TCP.
#include "proxyserver/upstreams/bootstrap.h"

#include <functional>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>

#include "common/dns/codes.h"
#include "common/dns/message.h"
#include "common/net/framing.h"
#include "common/net/tcp.h"
#include "common/net/udp_listener.h"
#include "tests/support/catch.h"

namespace {

using Texts = std::vector<std::string>;

// Both on one port; what it says to a query are messages, over UDP one after the other.
class Resolver {
 public:
  using Script = std::function<std::vector<dns::Message>(const dns::Message& query, bool udp)>;

  explicit Resolver(Script script)
      : script_(std::move(script)),
        tcp_(net::listen_tcp(*net::SocketAddress::parse("127.0.0.1", 0), 8)),
        udp_(net::SocketAddress::of_socket(tcp_.get())),
        stopping_(eventfd(0, EFD_CLOEXEC)),
        thread_([this] { serve(); }) {}
  ~Resolver() {
    eventfd_write(stopping_.get(), 1);
    thread_.join();
  }

  net::SocketAddress address() const { return net::SocketAddress::of_socket(tcp_.get()); }
  std::vector<std::uint16_t> ids;  // of all queries

 private:
  void serve() {
    for (;;) {
      pollfd entries[] = {{stopping_.get(), POLLIN, 0}, {udp_.fd(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}};
      poll(entries, 3, -1);
      if (entries[0].revents != 0) return;
      if (entries[1].revents != 0)
        for (const auto& received : udp_.receive()) {
          for (const dns::Message& one : answer(received.datagram, true))
            udp_.send(*received.path, dns::encode(one));
          udp_.flush();
        }
      if (entries[2].revents == 0) continue;
      net::TcpStream stream(net::UniqueFd(accept4(tcp_.get(), nullptr, nullptr, SOCK_NONBLOCK)), "proxy");
      net::FrameReader reader;
      const auto query = net::read_frame(stream, reader, net::Deadline::in(std::chrono::seconds(5)));
      for (const dns::Message& one : answer(*query, false))
        net::write_frame(stream, dns::encode(one), net::Deadline::in(std::chrono::seconds(5)));
    }
  }
  std::vector<dns::Message> answer(ByteView octets, bool udp) {
    const dns::Message query = dns::decode(octets).value();
    ids.push_back(query.header.id);
    return script_(query, udp);
  }

  const Script script_;
  net::UniqueFd tcp_;
  net::UdpListener udp_;
  net::UniqueFd stopping_;
  std::thread thread_;
};

dns::Name name(const char* text) {
  return dns::Name::parse(text).value();
}

dns::Record record(const char* owner, std::uint16_t type, const char* data) {
  return {name(owner), type, dns::klass::IN, 60, dns::parse_rdata(type, data).value()};
}

dns::Message answer_to(const dns::Message& query, std::vector<dns::Record> records = {}) {
  dns::Message answer = query;
  answer.header.qr = answer.header.ra = true;
  answer.answers = std::move(records);
  return answer;
}

bool asks_for_a(const dns::Message& query) {
  return query.questions.at(0).type == dns::type::A;
}

Texts look_up(const Resolver& resolver, const char* what = "dns.test") {
  const net::Addresses found = look_up_at(resolver.address(), what, 853);
  if (!found) return {found.error()};
  Texts texts;
  for (const net::SocketAddress& one : *found) texts.push_back(one.to_string());
  return texts;
}

}  // namespace

TEST_CASE("a name's addresses are its A records and then its AAAA records, behind CNAMEs too") {
  const Resolver resolver([](const dns::Message& query, bool) {
    CHECK(query.header.rd);
    CHECK(query.questions[0].name == name("dns.test."));
    std::vector<dns::Record> records = {record("DNS.test.", dns::type::CNAME, "real.test.")};
    if (asks_for_a(query)) {
      records.push_back(record("real.test.", dns::type::A, "192.0.2.1"));
      records.push_back(record("other.test.", dns::type::A, "192.0.2.66"));  // nobody asked for that
    } else {
      records.push_back(record("real.test.", dns::type::AAAA, "2001:db8::1"));
    }
    return std::vector{answer_to(query, records)};
  });
  CHECK(look_up(resolver) == Texts{"192.0.2.1:853", "[2001:db8::1]:853"});
  REQUIRE(resolver.ids.size() == 2);
  CHECK(resolver.ids[0] != resolver.ids[1]);  // once in 65,536 runs they are the same
}

TEST_CASE("an answer counts only with the ID and the question of the query") {
  const Resolver resolver([](const dns::Message& query, bool) {
    const auto lie = [&] { return answer_to(query, {record("dns.test.", dns::type::A, "192.0.2.66")}); };
    dns::Message id = lie(), question = lie(), no_answer = lie(), opcode = lie();
    ++id.header.id;
    question.questions[0].name = name("another.test.");
    no_answer.header.qr = false;
    opcode.header.opcode = dns::opcode::NOTIFY;
    std::vector<dns::Message> said = {id, question, no_answer, opcode};
    said.push_back(asks_for_a(query) ? answer_to(query, {record("dns.test.", dns::type::A, "192.0.2.1")})
                                     : answer_to(query));
    return said;
  });
  CHECK(look_up(resolver) == Texts{"192.0.2.1:853"});
}

TEST_CASE("a query that gets no answer is sent again, what is too long for UDP is asked for over TCP") {
  int tries = 0;
  const Resolver resolver([&](const dns::Message& query, bool udp) {
    if (!asks_for_a(query)) return std::vector{answer_to(query)};
    if (udp && ++tries == 1) return std::vector<dns::Message>();
    dns::Message answer =
        answer_to(query, {record("dns.test.", dns::type::A, udp ? "192.0.2.66" : "192.0.2.1")});
    answer.header.tc = udp;
    return std::vector{answer};
  });
  CHECK(look_up(resolver) == Texts{"192.0.2.1:853"});
  CHECK(tries == 2);
}

TEST_CASE("where no address comes of it the reason is told") {
  const Resolver unknown([](const dns::Message& query, bool) {
    dns::Message answer = answer_to(query);
    answer.header.rcode = dns::rcode::NXDOMAIN;
    return std::vector{answer};
  });
  CHECK(look_up(unknown) == Texts{unknown.address().to_string() + " says NXDOMAIN"});
  const Resolver empty([](const dns::Message& query, bool) { return std::vector{answer_to(query)}; });
  CHECK(look_up(empty) == Texts{"it has no address"});
  const Resolver loops([](const dns::Message& query, bool) {
    return std::vector{answer_to(query, {record("dns.test.", dns::type::CNAME, "dns.test.")})};
  });
  CHECK(look_up(loops) == Texts{"it has no address"});
  const net::SocketAddress gone = Resolver([](const dns::Message&, bool) {
                                    return std::vector<dns::Message>();
                                  }).address();  // nobody is there any more
  CHECK_FALSE(look_up_at(gone, "dns.test", 853).has_value());
}
