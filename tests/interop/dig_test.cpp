// The classroom's zone as other people's clients see it: BIND's dig and Knot's kdig, through the proxy and
// not.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "common/dns/codes.h"
#include "tests/lab/zone.h"
#include "tests/support/catch.h"
#include "tests/support/lab.h"

namespace {

using net::Transport;

// Name and type of every record of the zone, as words of a command line, in groups small enough for one
// command.
std::vector<Arguments> all_questions() {
  const std::vector<std::string> files = {CLASSROOM_ZONE};
  const auto zone = lab::load_zones(files);
  REQUIRE(zone.has_value());
  std::set<std::pair<std::string, std::string>> pairs;
  for (const dns::Record& record : zone->records())
    pairs.emplace(record.owner.to_string(), dns::type_name(record.type));
  REQUIRE(pairs.size() > 100);
  std::vector<Arguments> groups;
  for (const auto& [name, type] : pairs) {
    if (groups.empty() || groups.back().size() >= 100) groups.emplace_back();
    groups.back().insert(groups.back().end(), {"-q", name, "-t", type});
  }
  return groups;
}

std::string output_of(const Arguments& command) {
  Process process(command);
  // 60 kB answers fill a pipe: it is read all the while.
  const auto code = process.wait_exit(net::Deadline::in(std::chrono::seconds(40)));
  INFO(process.error_output());
  REQUIRE(code == 0);
  return process.take_output();
}

// The records alone, in a fixed order, since resolvers may rotate theirs.
std::vector<std::string> records(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin && text[begin] != ';') lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  std::ranges::sort(lines);
  return lines;
}

Arguments dig(const net::Endpoint& server, const Arguments& how, const Arguments& questions) {
  Arguments command = {"/usr/bin/dig",
                       "-r",
                       "@" + server.address.host(),
                       "-p",
                       std::to_string(server.address.port()),
                       "+noall",
                       "+answer",
                       "+time=20",
                       "+tries=1"};
  return command + how + questions;
}

Arguments kdig(const net::Endpoint& server, const Arguments& how, const Arguments& questions) {
  Arguments command = {"/usr/bin/kdig",
                       "@" + server.address.host(),
                       "-p",
                       std::to_string(server.address.port()),
                       "+noall",
                       "+answer",
                       "+time=20",
                       "+retry=0"};
  // kdig takes its options per query: they must come first.
  return command + how + questions;
}

}  // namespace

TEST_CASE("client prints every record of the zone exactly as dig does") {
  const LabResolver resolver;
  const net::Endpoint& server = resolver.endpoint(Transport::tcp);
  for (const Arguments& questions : all_questions()) {
    const Outcome ours =
        run_client(Arguments{"@tcp://" + server.address.to_string(), "--timeout", "40", "+noall", "+answer"} +
                   questions);
    REQUIRE(ours.exit_code == 0);
    CHECK(records(ours.output) == records(output_of(dig(server, {"+tcp"}, questions))));
  }
}

TEST_CASE("dig gets through the proxy what the resolver itself says, over plain TCP and over TLS") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls);
  const Arguments tls = {"+tls", "+tls-ca=" + proxy.ca_file(), "+tls-hostname=localhost"};
  for (const Arguments& questions : all_questions()) {
    const auto direct = records(output_of(dig(resolver.endpoint(Transport::tcp), {"+tcp"}, questions)));
    CHECK(direct.size() >= questions.size() / 4);
    CHECK(records(output_of(dig(proxy.endpoint(Transport::tcp), {"+tcp"}, questions))) == direct);
    CHECK(records(output_of(dig(proxy.endpoint(Transport::tls), tls, questions))) == direct);
  }
}

TEST_CASE("kdig, whose TLS is GnuTLS, gets through the proxy what the resolver itself says") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls);
  const Arguments tls = {"+tls-ca=" + proxy.ca_file(), "+tls-hostname=localhost"};
  for (const Arguments& questions : all_questions()) {
    const auto direct = records(output_of(kdig(resolver.endpoint(Transport::tcp), {"+tcp"}, questions)));
    CHECK(direct.size() >= questions.size() / 4);
    CHECK(records(output_of(kdig(proxy.endpoint(Transport::tls), tls, questions))) == direct);
  }
}

TEST_CASE("dig and kdig read what the proxy announces of itself (RFC 9462)") {
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, {"--announce", "localhost"});
  const Arguments question = {"-q", "_dns.resolver.arpa", "-t", "TYPE64"};
  const Arguments tls = {"+tls", "+tls-ca=" + proxy.ca_file(), "+tls-hostname=localhost"};
  const std::string port = std::to_string(proxy.endpoint(Transport::tls).address.port());
  for (const auto command : {dig, kdig}) {
    const auto clear = records(output_of(command(proxy.endpoint(Transport::tcp), {"+tcp"}, question)));
    REQUIRE(clear.size() == 1);
    for (const std::string& part :
         {std::string("1 localhost. alpn="), "port=" + port, std::string("ipv4hint=127.0.0.1")})
      CHECK_THAT(clear[0], Catch::Matchers::Contains(part));
    CHECK(records(output_of(command(proxy.endpoint(Transport::tls), tls, question))) == clear);
  }
}

TEST_CASE("dig and kdig ask no proxy whose certificate is for another name, or from somebody else") {
  const auto command = GENERATE(values({dig, kdig}));
  const TempDir directory;
  const LabResolver resolver;
  const Proxy proxy(resolver, Transport::tls, {"--trace", directory.file("trace")});
  const net::Endpoint& server = proxy.endpoint(Transport::tls);
  const Arguments question = {"-q", "google.com", "-t", "A"};
  const auto strict = [&](const std::string& ca_file, const std::string& name) {
    return command(server, {"+tls", "+tls-ca=" + ca_file, "+tls-hostname=" + name}, question);
  };
  for (const Arguments& wrong :
       {strict(proxy.ca_file(), "wrong.example"), strict(resolver.ca_file(), "localhost")}) {
    CAPTURE(wrong);
    Process process(wrong);  // kdig's exit code tells, dig's does not
    CHECK(process.wait_exit(net::Deadline::in(std::chrono::seconds(20))).has_value());
    CHECK(records(process.take_output()).empty());
  }
  CHECK(records(output_of(strict(proxy.ca_file(), "localhost"))).size() == 1);
  std::ifstream trace(directory.file("trace"));
  std::vector<std::string> words{std::istream_iterator<std::string>(trace), {}};
  CHECK(std::ranges::count(words, "query") == 1);  // the last one's
}
