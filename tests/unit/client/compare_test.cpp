#include "client/show/compare.h"

#include "common/dns/codes.h"
#include "tests/support/catch.h"
#include "tests/unit/client/approved.h"
#include "tests/unit/client/arguments.h"

using net::Transport;
using namespace std::chrono_literals;

namespace {

dns::Record address(std::string_view owner, std::uint32_t ttl, std::string_view rdata) {
  return {dns::Name::parse(owner).value(), dns::type::A, dns::klass::IN, ttl,
          dns::parse_rdata(dns::type::A, rdata).value()};
}

client::Way way(Transport transport) {
  dns::Message message;
  message.header.qr = message.header.rd = message.header.ra = true;
  message.answers = {address("a.example", 300, "192.0.2.1"), address("a.example", 300, "192.0.2.2")};
  client::Way way{.options = parse_line("a.example --compare").value(), .outcome = {}};
  way.outcome.answers = {client::Answer{.message = message, .sent = 128, .received = 468, .time = 1234us}};
  way.outcome.connections = {{.transport = transport,
                              .address = net::SocketAddress::parse("127.0.0.1", 53).value(),
                              .connect = 100us}};
  return way;
}

client::Comparison alike() {
  return {way(Transport::tls), way(Transport::tcp), way(Transport::udp)};
}

// What stands below the table.
std::string verdict(const client::Comparison& comparison) {
  const std::string text = client::comparison_to_text(comparison);
  const std::size_t last_row = text.rfind("\n;;   query ");
  return text.substr(last_row == std::string::npos ? 0 : text.find('\n', last_row + 1) + 1);
}

dns::Message& message(client::Way& way) {
  return way.outcome.answers[0]->message;
}

}  // namespace

TEST_CASE("order, case of owners and TTLs make no difference between answers", "[compare]") {
  client::Comparison comparison = alike();
  std::swap(message(comparison[1]).answers[0], message(comparison[1]).answers[1]);
  message(comparison[2]).answers[0] = address("A.eXample", 17, "192.0.2.1");
  check_approved("compare_alike", client::comparison_to_text(comparison));
}

TEST_CASE("what differs between answers is named, and the records shown", "[compare]") {
  client::Comparison comparison = alike();
  message(comparison[1]).header.aa = true;
  message(comparison[2]).answers[0] = address("a.example", 300, "192.0.2.66");
  message(comparison[2]).edns.emplace().options = {dns::extended_error(4, "forged")};
  check_approved("compare_different", client::comparison_to_text(comparison));
}

TEST_CASE("a record that comes twice is a difference too", "[compare]") {
  client::Comparison comparison = alike();
  message(comparison[0]).answers.push_back(message(comparison[0]).answers[0]);
  CHECK(verdict(comparison) ==
        ";; NOT the same answer: records\n"
        ";;   by DoT only: answer: a.example. IN A 192.0.2.1\n\n");
}

TEST_CASE("answers that are missing are said to be", "[compare]") {
  client::Comparison comparison = alike();
  comparison[2].outcome.answers[0].reset();
  comparison[2].outcome.failure = client::Failure{
      .phase = client::Phase::query, .cause = net::NetError(net::NetError::Kind::timeout, "wait")};
  CHECK(verdict(comparison) == ";; The same answer by DoT and TCP, none by UDP.\n\n");
  CHECK(client::exit_code(comparison) == cli::no_reply);
  comparison[0].outcome.answers[0].reset();
  comparison[0].outcome.failure = client::Failure{.cause = client::NoTrustAnchor("none")};
  CHECK(verdict(comparison) == ";; An answer by TCP alone: nothing to compare.\n\n");
  CHECK(client::exit_code(comparison) == cli::ca_unreadable);  // the first in the order asked
  comparison[1].outcome.answers[0].reset();
  CHECK(client::comparison_to_text(comparison).ends_with("\n;; No answer at all.\n\n"));
}

TEST_CASE("a comparison that cannot be made or shown is refused", "[compare]") {
  CHECK(parse_line("a.example +compare").value().action == client::Options::Action::compare);
  CHECK_FALSE(parse_line("@tcp://127.0.0.1 a.example --compare"));
  CHECK_FALSE(parse_line("a.example --compare --explain"));
  CHECK_FALSE(parse_line("a.example --compare --chart x.svg"));
  CHECK_FALSE(parse_line("a.example --json --timeline"));
  CHECK_FALSE(parse_line("a.example --json --short"));
}
