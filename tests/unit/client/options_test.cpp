#include "client/options.h"

#include <netinet/in.h>

#include "client/queries.h"
#include "tests/support/catch.h"
#include "tests/unit/client/arguments.h"

using client::Options;
using namespace std::chrono_literals;

namespace {

Options accepted(std::string_view line) {
  auto options = parse_line(line);
  INFO(line << ": " << (options ? "" : options.error()));
  REQUIRE(options);
  return *options;
}

std::string questions(const Options& options) {
  std::string text;
  for (const dns::Question& question : options.questions)
    text += (text.empty() ? "" : "; ") + client::to_string(question);
  return text;
}

// "tls://127.0.0.1:8443#127.0.0.1"
std::string server(const Options& options) {
  std::string text(net::to_string(options.server.transport));
  text += "://" + options.server.host + ":" + std::to_string(options.server.port);
  return options.server.transport == net::Transport::tls ? text + "#" + options.server.auth_name : text;
}

}  // namespace

TEST_CASE("names, types and classes come in any order, as in dig", "[options]") {
  const std::pair<const char*, const char*> table[] = {
      {"google.com", "google.com. IN A"},
      {"google.com.", "google.com. IN A"},
      {".", ". IN A"},
      {"example.org MX", "example.org. IN MX"},
      {"example.org mx", "example.org. IN MX"},
      {"MX example.org", "example.org. IN MX"},
      {"MX a.example b.example", "a.example. IN MX; b.example. IN MX"},
      {"MX a.example b.example TXT", "a.example. IN MX; b.example. IN TXT"},
      {"a.example MX b.example TXT", "a.example. IN MX; b.example. IN TXT"},
      {"a.example -t MX b.example", "a.example. IN MX; b.example. IN A"},
      {"a.example CH TXT", "a.example. CH TXT"},
      {"a.example TXT CH", "a.example. CH TXT"},
      {"-c CH -t TXT -q version.bind", "version.bind. CH TXT"},
      {"-q mx", "mx. IN A"},
      {"-q TYPE70000", "TYPE70000. IN A"},
      {"-q http://a.example", "http://a.example. IN A"},
      {"type70000.example", "type70000.example. IN A"},
      {"TYPE- TYPEX CLASS", "TYPE-. IN A; TYPEX. IN A; CLASS. IN A"},
      {"a.example TYPE65535 CLASS0", "a.example. CLASS0 TYPE65535"},
      {"-q mx -t mx", "mx. IN MX"},
      {"a.example TYPE65280", "a.example. IN TYPE65280"},
      {"a.example type15", "a.example. IN MX"},
      {"a.example CLASS3", "a.example. CH A"},
      {"a.example ANY", "a.example. IN ANY"},
      {"-x 192.0.2.1", "1.2.0.192.in-addr.arpa. IN PTR"},
      {"-x 192.0.2.1 a.example", "1.2.0.192.in-addr.arpa. IN PTR; a.example. IN A"},
      {"+short a.example @192.0.2.1 AAAA", "a.example. IN AAAA"},
      {"-- -a.example MX", "-a.example. IN MX"},
      {"a\\.b.example", "a\\.b.example. IN A"},
  };
  for (const auto& [line, expected] : table) {
    INFO(line);
    CHECK(questions(accepted(line)) == expected);
  }
}

TEST_CASE("the server is found from its address, +words and options together", "[options]") {
  const std::pair<const char*, const char*> table[] = {
      {"a.example", "tls://127.0.0.1:8443#127.0.0.1"},
      {"a.example -p 853", "tls://127.0.0.1:853#127.0.0.1"},
      {"a.example --tls-name localhost", "tls://127.0.0.1:8443#localhost"},
      {"a.example +tcp", "tcp://127.0.0.1:53"},
      {"a.example +notcp", "udp://127.0.0.1:53"},
      {"a.example @127.0.0.1", "tls://127.0.0.1:853#127.0.0.1"},
      {"a.example @192.0.2.1 +tls", "tls://192.0.2.1:853#192.0.2.1"},
      {"a.example @192.0.2.1:8853", "tls://192.0.2.1:8853#192.0.2.1"},
      {"a.example @192.0.2.1:8853 -p 9", "tls://192.0.2.1:9#192.0.2.1"},
      {"a.example @2001:db8::1 +tcp -p 5353", "tcp://2001:db8::1:5353"},
      {"a.example @udp://192.0.2.1", "udp://192.0.2.1:53"},
      {"a.example @tls://192.0.2.1#dns.example", "tls://192.0.2.1:853#dns.example"},
      {"a.example @192.0.2.1 +tls-hostname=dns.example", "tls://192.0.2.1:853#dns.example"},
      {"a.example @192.0.2.1#b.example --tls-name c.example", "tls://192.0.2.1:853#c.example"},
      {"a.example @dns.example", "tls://dns.example:853#dns.example"},
      {"a.example @localhost", "tls://localhost:853#localhost"},
      {"a.example @dns.example -4", "tls://dns.example:853#dns.example"},
  };
  for (const auto& [line, expected] : table) {
    INFO(line);
    CHECK(server(accepted(line)) == expected);
  }
}

TEST_CASE("what a query carries, and what is shown, goes by dig's words", "[options]") {
  const Options plain = accepted("a.example");
  CHECK(plain.query.recurse);
  CHECK(plain.query.authentic_data);
  CHECK(plain.query.edns);
  CHECK(plain.query.udp_size == 1232);
  CHECK_FALSE(plain.query.dnssec_ok);
  CHECK_FALSE(plain.query.checking_disabled);
  CHECK(plain.timeout == 6s);
  CHECK(plain.show.command);
  CHECK(plain.show.statistics);
  CHECK(plain.ca.empty());

  CHECK_FALSE(accepted("a.example +norec").query.recurse);
  CHECK_FALSE(accepted("a.example +norecurse").query.recurse);
  CHECK_FALSE(accepted("a.example +noad").query.authentic_data);
  CHECK(accepted("a.example +cd").query.checking_disabled);
  CHECK(accepted("a.example +cdflag").query.checking_disabled);
  CHECK_FALSE(accepted("a.example +noedns").query.edns);
  CHECK(accepted("a.example +noedns +dnssec").query.edns);
  CHECK(accepted("a.example +dnssec").query.dnssec_ok);
  CHECK(accepted("a.example +bufsize=512").query.udp_size == 512);
  CHECK(accepted("a.example +time=2").timeout == 2s);
  CHECK(accepted("a.example --timeout 300ms").timeout == 300ms);
  CHECK(accepted("a.example +short").show.rdata_only);
  CHECK(accepted("a.example --short").show.rdata_only);
  CHECK(accepted("a.example --ca system").ca == client::kSystemCa);
  CHECK(accepted("a.example +tls-ca").ca == client::kSystemCa);
  CHECK(accepted("a.example +tls-ca=ca.pem").ca == "ca.pem");
  CHECK(accepted("a.example @dns.example -6").family == AF_INET6);

  const client::Show show = accepted("a.example +noall +answer").show;
  CHECK(show.sections.answer);
  CHECK_FALSE(show.command);
  CHECK_FALSE(show.statistics);
  CHECK_FALSE(show.sections.comments);
  CHECK_FALSE(show.sections.question);
  CHECK_FALSE(show.sections.authority);
  CHECK_FALSE(show.sections.additional);
}

TEST_CASE("the groups to offer are kept as they were given, once OpenSSL has taken them", "[options]") {
  CHECK(accepted("a.example").groups.empty());
  CHECK(accepted("a.example --groups x25519:P-256").groups == "x25519:P-256");
  CHECK(parse_line("a.example --groups x25519:frob").error().ends_with(" has no group 'frob'"));
}

TEST_CASE("for --help and --version nothing else is needed", "[options]") {
  CHECK(accepted("--help").action == Options::Action::help);
  CHECK(accepted("-h").action == Options::Action::help);
  CHECK(accepted("--version").action == Options::Action::version);
  CHECK(accepted("-v").action == Options::Action::version);
}

TEST_CASE("the command is kept as it was given", "[options]") {
  CHECK(accepted("google.com MX +short").command == "google.com MX +short");
}

TEST_CASE("each wrong command line gets a complaint that names the part at fault", "[options]") {
  const std::pair<const char*, const char*> table[] = {
      {"+short", "no name to ask for"},
      {"mx", "no name to ask for, only MX; for a name of that spelling: -q MX"},
      {"a..b", "'a..b' is not a name: empty label"},
      {"b\xc3\xbc.example", "'b\xc3\xbc.example' is not ASCII: write it as IDNA does, xn--..."},
      {"a.example --tls-name m\xc3\xbcnchen.example",
       "--tls-name: 'm\xc3\xbcnchen.example' is not ASCII: write it as IDNA does, xn--..."},
      {"a.example --sni m\xc3\xbcnchen.example",
       "--sni: 'm\xc3\xbcnchen.example' is not ASCII: write it as IDNA does, xn--..."},
      {"a.example +tls-hostname=m\xc3\xbcnchen.example",
       "+tls-hostname: 'm\xc3\xbcnchen.example' is not ASCII: write it as IDNA does, xn--..."},
      {"a.example TYPE70000",
       "'TYPE70000': the number of a type is 0 to 65535; for a name of that spelling: -q TYPE70000"},
      {"a.example class65536",
       "'class65536': the number of a class is 0 to 65535; for a name of that spelling: -q class65536"},
      {"TYPE-1 a.example",
       "'TYPE-1': the number of a type is 0 to 65535; for a name of that spelling: -q TYPE-1"},
      {"-t TYPE65536 a.example",
       "'TYPE65536': the number of a type is 0 to 65535; for a name of that spelling: -q TYPE65536"},
      {"http://example.com/", "'http://example.com/' is a URL, not a name: its host is example.com"},
      {"HTTPS://user:pw@www.example.com:8443/a?b@c#d://e",
       "'HTTPS://user:pw@www.example.com:8443/a?b@c#d://e' is a URL, not a name: its host is "
       "www.example.com"},
      {"https://[2001:db8::1]:443/",
       "'https://[2001:db8::1]:443/' is a URL, not a name: its host is 2001:db8::1, whose name -x asks for"},
      {"https://[2001:db8::1",
       "'https://[2001:db8::1' is a URL, not a name: its host is 2001:db8::1, whose name "
       "-x asks for"},
      {"file:///etc/hosts", "'file:///etc/hosts' is a URL, not a name"},
      {"tls://192.0.2.1 a.example",
       "'tls://192.0.2.1' is a server, and a server has an @ before it: @tls://192.0.2.1"},
      {"a.example MX TXT", "two types, MX and TXT: repeat the name for the second"},
      {"a.example @192.0.2.1 @192.0.2.2", "a second server, '@192.0.2.2': one run asks one server"},
      {"a.example +frob", "'+frob' is not a word that this client knows"},
      {"a.example +tries=3", "'+tries=3' is not a word that this client knows"},
      {"a.example +notls", "'+notls' leaves open what instead: say +tcp, or +notcp for UDP"},
      {"a.example +tls-ca=", "nothing after '=' in '+tls-ca='"},
      {"a.example +bufsize=70000", "+bufsize: 70000 is not between 0 and 65535"},
      {"a.example +edns=1", "+edns=1: version 0 is the only one there is"},
      {"a.example --frob", "no option '--frob'"},
      {"a.example -Z", "no option '-Z'"},
      {"a.example -p", "'-p' needs a value"},
      {"a.example --ca", "'--ca' needs a value"},
      {"a.example -p 0", "port: 0 is not between 1 and 65535"},
      {"a.example -t FROB", "'FROB' is not a type"},
      {"a.example -c FROB", "'FROB' is not a class"},
      {"a.example --timeout soon", "--timeout: 'soon' is not a time such as 5, 2.5s or 300ms"},
      {"a.example AXFR", "AXFR: this client asks questions, it does not transfer zones"},
      {"-x a.example", "-x: 'a.example' is not an IPv4 or IPv6 address"},
      {"a.example @tls://192.0.2.1 +tcp", "two transports, tls and tcp"},
      {"a.example +tls +tcp", "two transports, tls and tcp"},
      {"a.example +tcp --groups x25519",
       "--tls-min, --tls-max, --groups, --alpn or --sni, but only tls has a handshake"},
      {"a.example +tcp --ca ca.pem", "a name or a CA to check, but tcp checks nothing: only tls does"},
      {"a.example @udp://192.0.2.1#x.example",
       "a name or a CA to check, but udp checks nothing: only tls does"},
      {"a.example -4 -6", "-4 and -6 exclude each other"},
      {"a.example -6", "-6, but 127.0.0.1 is not such an address"},
  };
  for (const auto& [line, complaint] : table) {
    const auto options = parse_line(line);
    INFO(line);
    REQUIRE_FALSE(options);
    CHECK(options.error() == complaint);
  }
}
