#include "client/edns_words.h"

#include "client/queries.h"
#include "common/dns/codec_text.h"
#include "common/dns/codes.h"
#include "tests/support/catch.h"
#include "tests/unit/client/arguments.h"

namespace {

// The options of a query that the command line makes, "CODE:HEX CODE:HEX".
std::string options_of(std::string_view line) {
  const auto options = parse_line(line);
  INFO(line << ": " << (options ? "" : options.error()));
  REQUIRE(options);
  const client::Queries queries(options->questions, options->query, false);
  const auto message = dns::decode(queries.all()[0].wire).value();
  if (!message.edns) return "no EDNS";
  std::string text;
  for (const dns::EdnsOption& option : message.edns->options)
    text += (text.empty() ? "" : " ") + std::to_string(option.code) + ":" + dns::to_hex(option.value);
  return text;
}

}  // namespace

TEST_CASE("each EDNS option is put on the wire in its RFC's form", "[edns]") {
  const std::pair<const char*, const char*> table[] = {
      {"a.example", ""},
      {"a.example --nsid", "3:"},
      {"a.example --keepalive", "11:"},
      {"a.example --cookie=0102030405060708", "10:0102030405060708"},
      {"a.example +cookie=01020304050607080102030405060708", "10:01020304050607080102030405060708"},
      {"a.example --subnet 192.0.2.0/24", "8:00011800C00002"},
      {"a.example --subnet 192.0.2.1", "8:00012000C0000201"},
      {"a.example --subnet 192.0.2.255/20", "8:00011400C00000"},  // the bits behind the prefix are zero
      {"a.example --subnet 192.0.255.255/17", "8:00011100C00080"},
      {"a.example --subnet 0.0.0.0/0", "8:00010000"},
      {"a.example --subnet 0", "8:00010000"},
      {"a.example --subnet 2001:db8::1/32", "8:0002200020010DB8"},
      {"a.example --subnet 2001:db8:ffff::/33", "8:0002210020010DB880"},
      {"a.example +ednsopt=65001:00ff +ednsopt=65001", "65001:00FF 65001:"},
      {"a.example +ednsopt=12:0000 --pad 128", "12:0000"},  // who pads by hand is not padded again
      {"a.example --nsid --subnet 0 +nsid", "8:00010000 3:"},
      {"a.example --nsid --cookie +keepalive +nonsid +nocookie", "11:"},
      {"a.example --subnet 192.0.2.0/24 +nosubnet +nokeepalive", ""},
      {"a.example +noedns --nsid", "3:"},  // as in dig: it brings EDNS back
      {"a.example --nsid +noedns", "no EDNS"},
  };
  for (const auto& [line, expected] : table) {
    INFO(line);
    CHECK(options_of(line) == expected);
  }
}

TEST_CASE("a cookie without a value is eight random octets", "[edns]") {
  const std::string first = options_of("a.example --cookie");
  CHECK(first.size() == std::string("10:").size() + 16);
  CHECK(first != options_of("a.example +cookie"));
}

TEST_CASE("a value that does not fit its option is refused in words", "[edns]") {
  const std::pair<std::string, const char*> table[] = {
      {"--cookie=xyz", "+cookie: 'xyz' is not hexadecimal"},
      {"--cookie=010203", "+cookie: a cookie has 8 or 16 to 40 octets, not 3"},
      {"--subnet 192.0.2.0/33", "+subnet: "},
      {"--subnet 192.0.2.300", "+subnet: '192.0.2.300' is not an address"},
      {"--subnet example.com/8", "+subnet: 'example.com' is not an address"},
      {"+subnet", "+subnet: needs ADDRESS/LENGTH"},
      {"+nsid=01", "+nsid: takes no value"},
      {"--pad 5000", "+padding: "},
      {"--pad many", "+padding: "},
      {"+ednsopt", "+ednsopt: "},
      {"+ednsopt=65536", "+ednsopt: "},
      {"+ednsopt=10:0", "+ednsopt: '0' is not hexadecimal"},
      {"+ednsopt=10:" + std::string(122'000, '0'), "+ednsopt: the options have 61004 octets together"},
      {"+nonsid=1", "'+nonsid=1' is not a word that this client knows"},
  };
  for (const auto& [words, complaint] : table) {
    const auto options = parse_line("a.example " + words);
    INFO(words.substr(0, 40));
    REQUIRE_FALSE(options);
    CHECK(options.error().starts_with(complaint));
  }
}

TEST_CASE("a query with all options is padded to the block that was asked for", "[edns]") {
  const std::string words =
      " --nsid --cookie --subnet 2001:db8::/56 --keepalive +ednsopt=65001:0102 --dnssec";
  for (const std::size_t block : {1U, 2U, 3U, 64U, 128U, 468U, 4096U}) {
    const auto options = parse_line("www.example.com --pad " + std::to_string(block) + words);
    REQUIRE(options);
    for (const bool encrypted : {false, true}) {  // said aloud, it counts for every transport
      const client::Queries queries(options->questions, options->query, encrypted);
      const Bytes& wire = queries.all()[0].wire;
      INFO(block);
      CHECK(wire.size() % block == 0);
      CHECK(wire.size() < 200 + block);
      CHECK(dns::decode(wire).value().edns->options.back().code == dns::option::PADDING);
    }
  }
}

TEST_CASE("no padding where none is wanted", "[edns]") {
  for (const char* const line :
       {"a.example --pad 0", "a.example +nopadding", "a.example --pad 64 +nopadding"}) {
    const auto options = parse_line(line);
    REQUIRE(options);
    const client::Queries queries(options->questions, options->query, true);
    CHECK(dns::decode(queries.all()[0].wire).value().edns->options.empty());
  }
}
