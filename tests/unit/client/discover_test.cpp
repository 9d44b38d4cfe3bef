// What a record of _dns.resolver.arpa means, and the command line. The run itself:
// integration/discovery_test.
#include "client/discover.h"

#include "client/show/discover.h"
#include "common/dns/codes.h"
#include "tests/support/catch.h"
#include "tests/unit/client/arguments.h"

using client::Designated;
using client::Designation;

using Catch::Matchers::Contains;

namespace {

Designation read(const std::string& svcb) {
  return client::read_designation(dns::parse_rdata(dns::type::SVCB, svcb).value());
}

}  // namespace

TEST_CASE("a designation says name, protocols, port and hints") {
  const Designation said =
      read("1 dns.test. alpn=h2,dot port=8853 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1");
  CHECK(said.priority == 1);
  CHECK(said.target.to_string() == "dns.test.");
  CHECK(said.alpn == std::vector<std::string>{"h2", "dot"});
  CHECK(said.port == 8853);
  CHECK(said.hints == std::vector<std::string>{"192.0.2.1", "192.0.2.2", "2001:db8::1"});
  CHECK(said.unusable.empty());
  CHECK_FALSE(read("1 dns.test. alpn=dot").port.has_value());
}

TEST_CASE("a designation that is of no use here says why") {
  const auto [svcb, why] = GENERATE(table<std::string, std::string>({
      {"0 dns.test.", "an alias"},
      {"1 . alpn=dot", "no resolver's own name"},
      {"1 resolver.arpa. alpn=dot", "no resolver's own name"},
      {"1 x.resolver.arpa. alpn=dot", "no resolver's own name"},
      {"1 dns.test. mandatory=alpn,key667 alpn=dot key667=x", "it demands key667"},
      {"1 dns.test. alpn=h2 key7=/dns-query", "it speaks h2, and not DNS over TLS"},
      {"1 dns.test. port=853", "does not say what it speaks"},
      {"1 dns.test. alpn=dot port=0", "port 0"},
  }));
  CAPTURE(svcb);
  CHECK_THAT(read(svcb).unusable, Contains(why));
  CHECK(read("1 dns.test. mandatory=alpn,port alpn=dot port=853").unusable.empty());
}

TEST_CASE(
    "of an answer the records of the name and of class IN count, by priority, and beside an alias none "
    "does") {
  const dns::Name name = dns::Name::parse("_dns.resolver.arpa").value();
  dns::Message answer;
  const auto add = [&](const std::string& data, std::uint16_t klass = dns::klass::IN,
                       const char* owner = "_dns.resolver.arpa") {
    answer.answers.push_back({dns::Name::parse(owner).value(), dns::type::SVCB, klass, 300,
                              dns::parse_rdata(dns::type::SVCB, data).value()});
  };
  const auto priorities = [&] {
    std::vector<std::uint16_t> all;
    for (const auto& one : client::designations_in(answer, name)) all.push_back(one.priority);
    return all;
  };
  add("2 second.test. alpn=dot");
  add("1 first.test. alpn=dot");
  add("1 chaos.test. alpn=dot", dns::klass::CH);
  add("1 other.test. alpn=dot", dns::klass::IN, "example.com");
  CHECK(priorities() == std::vector<std::uint16_t>{1, 2});
  CHECK(client::designations_in(answer, name)[0].unusable.empty());
  for (int i = 0; i < 20; ++i) add("3 many.test. alpn=dot");
  CHECK(priorities().size() == 8);
  add("0 alias.test.");
  CHECK(priorities().front() == 0);
  for (const auto& one : client::designations_in(answer, name)) CHECK_FALSE(one.unusable.empty());
}

TEST_CASE("private addresses are those of RFC 1918, 3927, 4193 and 4291, and this machine's own") {
  const auto is_private = [](const char* host) {
    return client::is_private(net::SocketAddress::parse(host, 53).value());
  };
  for (const char* host : {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.3.4",
                           "127.0.0.1", "::1", "fd00::1", "fc00::1", "fe80::1", "febf::1"}) {
    CAPTURE(host);
    CHECK(is_private(host));
  }
  for (const char* host : {"11.0.0.1", "172.15.0.1", "172.32.0.1", "192.169.0.1", "169.253.0.1", "1.1.1.1",
                           "2001:db8::1", "fec0::1", "fe00::1"}) {
    CAPTURE(host);
    CHECK_FALSE(is_private(host));
  }
}

TEST_CASE(
    "a run of --discover asks _dns.resolver.arpa SVCB at an address, in clear, at port 53 unless told "
    "otherwise") {
  const auto options = parse_line("--discover @192.0.2.53").value();
  CHECK(options.action == client::Options::Action::discover);
  CHECK(options.server.transport == net::Transport::udp);
  CHECK(options.server.host == "192.0.2.53");
  CHECK(options.server.port == 53);
  REQUIRE(options.questions.size() == 1);
  CHECK(client::to_string(options.questions[0]) == "_dns.resolver.arpa. IN SVCB");
  const auto other = parse_line("@tcp://[2001:DB8::0:1]:5300 --discover --ca x.pem").value();
  CHECK(other.server.transport == net::Transport::tcp);
  CHECK(other.server.host == "2001:db8::1");
  CHECK(other.server.port == 5300);
  CHECK(other.ca == "x.pem");
}

TEST_CASE("a run of --discover refuses what it could not do") {
  const auto [arguments, complaint] = GENERATE(table<std::string, std::string>({
      {"--discover @dns.test", "asks an address"},
      {"--discover @tls://192.0.2.53", "asks in clear"},
      {"--discover @192.0.2.53 example.com", "a question of its own"},
      {"--discover @192.0.2.53 -t A", "a question of its own"},
      {"--discover @192.0.2.53 --tls-name dns.test", "checks the address"},
      {"--discover @192.0.2.53 --insecure", "checks the address"},
      {"--discover @192.0.2.53 --explain", "a view of its own"},
      {"--discover @192.0.2.53 --json --short", "--json"},
      {"--compare --discover @192.0.2.53", "a run of its own"},
  }));
  CAPTURE(arguments);
  const auto options = parse_line(arguments);
  REQUIRE_FALSE(options.has_value());
  CHECK_THAT(options.error(), Contains(complaint));
}

TEST_CASE("the exit code is 0 if one can be used or none is named, else that of the first refusal") {
  client::Discovery discovery;
  CHECK(client::exit_code(discovery) == cli::ok);
  Designated refused;
  refused.verdict = Designated::Verdict::refused;
  refused.strict.failure = client::Failure{.cause = net::NetError(net::NetError::Kind::timeout, "wait"),
                                           .server = "192.0.2.1:853"};
  discovery.designated = {Designated{}, refused};
  CHECK(client::exit_code(discovery) == cli::no_reply);
  discovery.designated.emplace_back().verdict = Designated::Verdict::opportunistic;
  CHECK(client::exit_code(discovery) == cli::ok);
}
