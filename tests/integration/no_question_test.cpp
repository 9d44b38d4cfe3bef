// Answers that do not repeat the question, as some resolvers give to what they cannot deal with: 8.8.8.8 to a
// query of an EDNS version that it does not know, others to EDNS at all. They are answers to proxy and
// client.
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/scripted_upstream.h"

using net::Transport;

namespace {

ScriptedUpstream::Script refusing(std::uint16_t rcode, bool with_opt) {
  return [rcode, with_opt](const ScriptedUpstream::Seen& query) {
    dns::Message answer = answer_to(query.message());
    answer.questions.clear();
    answer.edns.reset();
    answer.header.rcode = rcode & 15;
    if (!with_opt) return dns::encode(answer);
    answer.edns.emplace().extended_rcode = static_cast<std::uint8_t>(rcode >> 4);
    answer.edns->options = {{dns::option::NSID, {'n', 's'}},
                            {dns::option::COOKIE, Bytes(16, 7)},  // these two are our hop's
                            {dns::option::KEEPALIVE, {0, 100}}};
    return dns::encode(answer);
  };
}

dns::Message query_of_version(std::uint8_t version) {
  dns::Message query = with_edns(make_query("wWw.example.", dns::type::TXT, 4242));
  query.edns->version = version;
  return query;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a resolver's refusal without a question reaches the client at once, its question put back") {
  const auto [rcode, with_opt] = GENERATE(table<std::uint16_t, bool>({{dns::rcode::BADVERS, true},
                                                                      {dns::rcode::FORMERR, false},
                                                                      {dns::rcode::FORMERR, true},
                                                                      {dns::rcode::NOTIMP, false},
                                                                      {dns::rcode::REFUSED, true}}));
  const Transport far = GENERATE(Transport::tls, Transport::tcp);
  CAPTURE(rcode, with_opt, to_string(far));
  const ScriptedUpstream upstream(far, refusing(rcode, with_opt));
  Proxy proxy(upstream.as_upstream() + kWithUdp);
  for (const Transport transport : kAllLegs) {
    CAPTURE(to_string(transport));
    ClientLeg leg(proxy, transport);
    const dns::Message query = query_of_version(1);
    dns::Message reply = leg.ask(query);
    CHECK(reply.header.id == 4242);
    CHECK(reply.header.qr);
    CHECK(reply.rcode() == rcode);
    REQUIRE(reply.questions.size() == 1);
    CHECK(reply.questions[0].name.to_string() == "wWw.example.");
    CHECK(reply.questions == query.questions);
    REQUIRE(reply.edns.has_value() == with_opt);
    if (with_opt) {
      CHECK(reply.edns->find(dns::option::NSID) != nullptr);
      CHECK(reply.edns->find(dns::option::COOKIE) == nullptr);
      CHECK(reply.edns->find(dns::option::KEEPALIVE) == nullptr);  // the client did not ask for one
    }
    // Without EDNS there is nothing to say BADVERS in.
    reply = leg.ask(make_query("www.example.", dns::type::TXT, 4243));
    CHECK(reply.header.id == 4243);
    CHECK(reply.rcode() == (rcode == dns::rcode::BADVERS ? std::uint16_t{dns::rcode::SERVFAIL} : rcode));
    CHECK(reply.questions.size() == 1);
    CHECK_FALSE(reply.edns);
  }
  CHECK(upstream.seen().size() == 6);  // each was asked once
  CHECK(proxy.process().error_output().find("unusable") == std::string::npos);
}

TEST_CASE("labresolver's refusals without a question are answers to the client, over every transport") {
  const auto [fault, status] = GENERATE(
      table<const char*, const char*>({{"formerr", "status: FORMERR"}, {"badvers", "status: BADVERS"}}));
  const Transport transport = GENERATE(Transport::tls, Transport::tcp, Transport::udp);
  CAPTURE(fault, to_string(transport));
  const LabResolver resolver({"--fault", fault});
  const Arguments ask = Arguments{"@" + resolver.uri(transport), "www.example.com", "MX"} +
                        (transport == Transport::tls ? Arguments{"--ca", resolver.ca_file()} : Arguments{});
  Outcome run = run_client(ask);
  CAPTURE(run.errors);
  CHECK(run.exit_code == 0);
  CHECK(has(run.output, status));
  CHECK(has(run.output, "QUERY: 0, ANSWER: 0"));
  CHECK(has(run.output, "its ID is that of the query for www.example.com. IN MX"));
  run = run_client(ask + Arguments{"--json"});
  CHECK(run.exit_code == 0);
  CHECK(has(run.output, "www.example.com."));
  for (const char* const view : {"--explain", "--eavesdropper", "--timeline"}) {
    CAPTURE(view);
    CHECK(run_client(ask + Arguments{view}).exit_code == 0);
  }
}

TEST_CASE("behind the proxy the client sees the same refusal, and then with its question") {
  const LabResolver resolver({"--fault", "badvers"});
  const Proxy proxy(resolver, Transport::tls);
  const Outcome run = run_client(
      {"@" + proxy.endpoint(Transport::tls).to_string(), "--ca", proxy.ca_file(), "www.example.com", "MX"});
  CHECK(run.exit_code == 0);
  CHECK(has(run.output, "status: BADVERS"));
  CHECK(has(run.output, "\n;www.example.com."));
  CHECK_FALSE(has(run.output, "repeats no question"));
}
