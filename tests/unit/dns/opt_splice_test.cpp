#include "common/dns/opt_splice.h"

#include "common/dns/codes.h"
#include "common/dns/message.h"
#include "tests/support/catch.h"
#include "tests/support/hex.h"

namespace {

using dns::EdnsOption;
using dns::OptSplice;

dns::Message sample() {
  dns::Message message;
  message.header.id = 0x1234;
  message.header.rd = true;
  message.questions.push_back({dns::Name::parse("www.Example.com").value(), dns::type::A, dns::klass::IN});
  return message;
}

dns::Message with_options(std::vector<EdnsOption> options) {
  dns::Message message = sample();
  message.edns.emplace();
  message.edns->udp_size = 4000;
  message.edns->dnssec_ok = true;
  message.edns->options = std::move(options);
  return message;
}

// What comes out, decoded; the message itself where nothing was to be done.
dns::Message spliced(const Bytes& wire, const OptSplice& splice) {
  const auto view = dns::inspect(wire);
  REQUIRE(view.has_value());
  Bytes out;
  const bool changed = dns::splice_opt(*view, splice, out);
  const auto result = dns::decode(changed ? out : wire);
  REQUIRE(result.has_value());
  return *result;
}

const EdnsOption kNsid{dns::option::NSID, {}};
const EdnsOption kSubnet{dns::option::CLIENT_SUBNET, {0, 1, 24, 0, 192, 0, 2}};
const EdnsOption kCookie{dns::option::COOKIE, Bytes(8, 7)};
const EdnsOption kKeepalive{dns::option::KEEPALIVE, {0, 100}};
const EdnsOption kPadding{dns::option::PADDING, Bytes(50)};

}  // namespace

TEST_CASE("a hop's options are taken out, all others stay, in their order") {
  const Bytes wire = dns::encode(with_options({kNsid, kCookie, kSubnet, kKeepalive, kPadding}));
  const dns::Message result = spliced(wire, {});
  CHECK(result == dns::decode(dns::encode(with_options({kNsid, kSubnet}))).value());
}

TEST_CASE("a message without a hop's options is left as it is") {
  Bytes out{1, 2, 3};
  for (const dns::Message& message : {sample(), with_options({}), with_options({kNsid, kSubnet})}) {
    const Bytes wire = dns::encode(message);
    CHECK_FALSE(dns::splice_opt(dns::inspect(wire).value(), {}, out));
    CHECK(out.empty());
  }
}

TEST_CASE("padding is the last option and fills up to the block (RFC 8467 §3, §4.1)") {
  for (std::size_t subnet = 0; subnet < 140; ++subnet) {
    const Bytes wire = dns::encode(with_options({{65001, Bytes(subnet, 1)}, kKeepalive}));
    OptSplice splice;
    splice.pad_to = 128;
    Bytes out;
    REQUIRE(dns::splice_opt(dns::inspect(wire).value(), splice, out));
    CHECK(out.size() % 128 == 0);
    const dns::Message result = dns::decode(out).value();
    REQUIRE(result.edns->options.size() == 2);
    CHECK(result.edns->options[1].code == dns::option::PADDING);
    CHECK(result.edns->options[1].value == Bytes(result.edns->options[1].value.size()));
  }
}

TEST_CASE("padding never passes the limit: not of UDP, not of a message (RFC 7830 §4)") {
  const Bytes wire = dns::encode(with_options({{65001, Bytes(300, 1)}}));
  OptSplice splice;
  splice.pad_to = 468;
  splice.limit = 400;
  Bytes out;
  REQUIRE(dns::splice_opt(dns::inspect(wire).value(), splice, out));
  CHECK(out.size() == 400);
  splice.limit = wire.size() + 3;  // no room for the option's own header
  dns::splice_opt(dns::inspect(wire).value(), splice, out);
  CHECK(dns::decode(out).value().edns->find(dns::option::PADDING) == nullptr);
}

TEST_CASE("a keepalive is put in as a query asks and as an answer tells (RFC 7828 §3.1)") {
  OptSplice splice;
  splice.keepalive = dns::kAskKeepalive;
  const Bytes wire = dns::encode(with_options({kKeepalive}));
  CHECK(spliced(wire, splice).edns->find(dns::option::KEEPALIVE)->value.empty());
  splice.keepalive = 300;
  CHECK(spliced(wire, splice).edns->find(dns::option::KEEPALIVE)->value == Bytes{1, 44});
}

TEST_CASE("an OPT can be given to a message and taken off its answer") {
  OptSplice give;
  give.add_opt = true;
  give.pad_to = 128;
  const Bytes wire = dns::encode(sample());
  Bytes out;
  REQUIRE(dns::splice_opt(dns::inspect(wire).value(), give, out));
  CHECK(out.size() == 128);
  OptSplice take;
  take.remove_opt = true;
  CHECK(spliced(out, take) == dns::decode(wire).value());
}

TEST_CASE("a message signed by TSIG or SIG(0) is not touched (RFC 8945 §5, RFC 2931 §3)") {
  const Bytes tsig = hex("00 00fa 00ff 00000000 0000");
  const Bytes sig0 = hex("00 0018 00ff 00000000 0002 0000");
  for (const Bytes& signature : {tsig, sig0}) {
    Bytes wire = dns::encode(with_options({kCookie, kPadding}));
    wire.insert(wire.end(), signature.begin(), signature.end());
    wire[11] = 2;
    OptSplice splice;
    splice.pad_to = 128;
    splice.keepalive = 5;
    Bytes out;
    CHECK_FALSE(dns::splice_opt(dns::inspect(wire).value(), splice, out));
  }
}

TEST_CASE("a record behind the OPT keeps its names though they move") {
  // www.example.com A in the answer's place behind the OPT, its owner a pointer to a name that also lies
  // behind it.
  const Bytes wire =
      hex("1234 0100 0001 0000 0000 0003\n"
          "07 6578616d706c65 00 0001 0001                      # example. A IN\n"
          "00 0029 04d0 00000000 000c 000a 0008 0707070707070707  # OPT with a cookie\n"
          "01 61 c00c 0001 0001 0000003c 0004 c0000201          # a.example.\n"
          "c030 0001 0001 0000003c 0004 c0000202                # a.example., by pointer to the one above\n");
  REQUIRE(wire[0x30] == 1);
  const dns::Message result = spliced(wire, {});
  REQUIRE(result.additionals.size() == 2);
  CHECK(result.additionals[0].owner.to_string() == "a.example.");
  CHECK(result.additionals[1].owner.to_string() == "a.example.");
  CHECK(result.edns->options.empty());
}

TEST_CASE("an OPT that cannot be moved to the end, since names would be written out, is noticed") {
  // An OPT with a cookie, then records whose targets are pointers: SRV's are never compressed (RFC 2782).
  for (const unsigned count : {200U, 400U}) {
    Bytes wire = hex("1234 0100 0001 0000 0000 0000");
    for (int label = 0; label < 4; ++label) {
      wire.push_back(50);
      wire.insert(wire.end(), 50, 'a');
    }
    const Bytes rest = hex("00 0001 0001   00 0029 1000 00000000 000c 000a 0008 0102030405060708");
    wire.insert(wire.end(), rest.begin(), rest.end());
    const Bytes srv = hex("c00c 0021 0001 0000003c 0008 0000 0000 0035 c00c");
    for (unsigned i = 0; i < count; ++i) wire.insert(wire.end(), srv.begin(), srv.end());
    wire[10] = static_cast<std::uint8_t>((count + 1) >> 8);
    wire[11] = static_cast<std::uint8_t>(count + 1);
    const auto view = dns::inspect(wire);
    REQUIRE(view);
    CHECK(dns::may_splice(*view) == (count == 200));
    if (count == 200) CHECK(spliced(wire, {}).edns->options.empty());
  }
}

TEST_CASE("what a hop's options say is read") {
  const auto options_of = [](const dns::Message& message) {
    const Bytes wire = dns::encode(message);
    return dns::hop_options(dns::inspect(wire).value());
  };
  CHECK_FALSE(options_of(sample()).padded);
  CHECK(options_of(with_options({kPadding})).padded);
  CHECK(options_of(with_options({kKeepalive})).keepalive == 100);
  const dns::HopOptions asking = options_of(with_options({{dns::option::KEEPALIVE, {}}}));
  CHECK(asking.asks_keepalive);
  CHECK_FALSE(asking.keepalive);
}
