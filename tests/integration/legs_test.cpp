// Both legs in every combination: what the proxy hands on is what the resolver says.
#include <fmt/format.h>
#include <set>

#include "tests/lab/zone.h"
#include "tests/support/catch.h"
#include "tests/support/lab.h"

using net::Transport;

namespace {

std::vector<dns::Question> all_questions() {
  const std::vector<std::string> files = {CLASSROOM_ZONE};
  const auto zone = lab::load_zones(files);
  REQUIRE(zone.has_value());
  std::vector<dns::Question> questions;
  std::set<std::pair<std::string, std::uint16_t>> seen;
  for (const dns::Record& record : zone->records())
    if (seen.insert({record.owner.to_string(), record.type}).second)
      questions.push_back({record.owner, record.type, record.klass});
  return questions;
}

dns::Message query_for(const dns::Question& question, std::uint16_t id) {
  dns::Message query;
  query.header.id = id;
  query.header.rd = true;
  query.questions.push_back(question);
  return query;
}

}  // namespace

TEST_CASE("every combination of client leg and upstream leg carries queries and answers") {
  const LabResolver resolver;
  const Transport upstream = GENERATE(Transport::tls, Transport::tcp);
  const Transport client = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(to_string(client), to_string(upstream));
  const Proxy proxy(resolver, upstream);
  DotConnection connection = proxy.connect(client);
  for (const char* name : {"google.com.", "www.tag.test.", "GooGle.com."}) {
    const dns::Message reply = connection.ask(make_query(name, dns::type::A, 77));
    CHECK(reply.header.id == 77);
    CHECK(reply.header.rcode == dns::rcode::NOERROR);
    CHECK(reply.answers.size() >= 1);
    REQUIRE(reply.questions.size() == 1);
    CHECK(reply.questions[0].name.to_string() == name);  // in the case it was asked in
  }
}

TEST_CASE("every record of the classroom is the same through the proxy as from the resolver itself") {
  const LabResolver resolver;
  const Transport leg = GENERATE(Transport::tls, Transport::tcp);
  const Proxy proxy(resolver, leg);
  DotConnection through = proxy.connect(leg);
  DotConnection direct = resolver.connect(leg);
  const std::vector<dns::Question> questions = all_questions();
  REQUIRE(questions.size() > 40);
  for (std::size_t i = 0; i < questions.size(); ++i) {
    dns::Message query = query_for(questions[i], static_cast<std::uint16_t>(i));
    if (i % 2 == 1) query = with_edns(std::move(query));
    CAPTURE(questions[i].name.to_string(), dns::type_name(questions[i].type));
    through.send(query);
    direct.send(query);
    const auto expected = direct.read();
    REQUIRE(expected.has_value());
    CHECK(dns::decode(*expected)->answers.size() >= 1);
    CHECK(through.read() == expected);  // every octet, the ID too: it is the client's again
  }
}

TEST_CASE("answers about what is not there pass as they are") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls);
  DotConnection through = proxy.connect(Transport::tls);
  DotConnection direct = resolver.connect(Transport::tls);
  const auto [name, type] = GENERATE(table<const char*, std::uint16_t>({
      {"no-such-name.google.com.", dns::type::A},  // NXDOMAIN, unless a wildcard answers
      {"google.com.", dns::type::LOC},             // NODATA
      {"nowhere.invalid.", dns::type::A},          // a name of no zone
      {"google.com.", 65280},                      // a private type (RFC 6895 §3.1)
      {".", dns::type::NS},
  }));
  CAPTURE(name, type);
  const Bytes query = dns::encode(with_edns(make_query(name, type, 9)));
  through.send(query);
  direct.send(query);
  CHECK(through.read() == direct.read());
}

TEST_CASE("flags, classes and options that the proxy does not know reach the resolver as they are") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls);
  dns::Message query = with_edns(make_query("www.tag.test.", dns::type::TXT, 9));
  query.header.cd = true;
  query.header.ad = true;
  query.header.z = true;
  query.edns->dnssec_ok = true;
  query.edns->options.push_back({65001, {1, 2, 3}});
  query.questions[0].klass = dns::klass::CH;
  const dns::Message expected = resolver.connect(Transport::tls).ask(query);
  CHECK(expected.header.cd);
  CHECK(expected.header.rcode == dns::rcode::REFUSED);  // labresolver has no class CH
  CHECK(proxy.connect(Transport::tls).ask(query) == expected);
}

TEST_CASE("a query that was padded gets a padded answer over TLS") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls);
  dns::Message query = with_edns(make_query("www.tag.test.", dns::type::A));
  query.edns->options.push_back({dns::option::PADDING, Bytes(60)});
  DotConnection connection = proxy.connect(Transport::tls);
  connection.send(query);
  const auto reply = connection.read();
  REQUIRE(reply.has_value());
  CHECK(reply->size() % 468 == 0);  // RFC 8467 §4.1
}
