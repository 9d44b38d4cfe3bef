#include "common/dns/edns.h"

#include <string>

#include "common/dns/codes.h"
#include "tests/support/catch.h"
#include "tests/support/hex.h"

using namespace dns;

namespace {

// The OPT record whole: the root's octet, type 41, and what decode_edns() reads.
Bytes encoded(const Edns& edns) {
  WireWriter writer;
  encode_edns(edns, writer);
  return writer.take();
}

Edns decoded(const Bytes& record, bool& ok) {
  WireReader reader(record);
  reader.bytes(3);
  const Edns edns = decode_edns(reader);
  ok = reader.ok() && reader.at_end();
  return edns;
}

std::string text(std::uint16_t code, std::string_view octets) {
  return option_text({code, hex(octets)});
}

}  // namespace

TEST_CASE("each field of an OPT record has its place (RFC 6891 §6.1.2, §6.1.3)") {
  const Bytes wire = hex(R"(
    00  00 29        # root, OPT
    04 d0            # 1232 octets
    0a  01           # extended rcode, version
    81 23            # DO, Z
    00 09
    00 03  00 01  ff # NSID
    00 0c  00 00     # empty padding
  )");
  bool ok = false;
  const Edns edns = decoded(wire, ok);
  REQUIRE(ok);
  CHECK(edns.udp_size == 1232);
  CHECK(edns.extended_rcode == 0x0a);
  CHECK(edns.version == 1);
  CHECK(edns.dnssec_ok);
  CHECK(edns.z == 0x0123);
  REQUIRE(edns.options.size() == 2);
  CHECK(edns.options[0] == EdnsOption{option::NSID, hex("ff")});
  CHECK(edns.options[1] == EdnsOption{option::PADDING, {}});
  CHECK(edns.find(option::PADDING) == &edns.options[1]);
  CHECK(edns.find(option::COOKIE) == nullptr);
  CHECK(encoded(edns) == wire);
}

TEST_CASE("the reserved flag bits cannot set DO") {
  Edns edns;
  edns.z = 0xffff;
  CHECK(encoded(edns) == hex("00 0029 04d0 00 00 7fff 0000"));
}

TEST_CASE("options that do not fill the RDATA exactly are refused") {
  const std::vector<Bytes> rows = {
      hex("00 0029 04d0 00000000 0001  00"),                       // half a code
      hex("00 0029 04d0 00000000 0003  0003 00"),                  // half a length
      hex("00 0029 04d0 00000000 0004  0003 0001  ff"),            // a value past RDLENGTH
      hex("00 0029 04d0 00000000 0004  0003 ffff"),                // a value past everything
      hex("00 0029 04d0 00000000 0006  0003 0001 ff 00"),          // one octet too many
      hex("00 0029 04d0 00000000 0006  0003 0001 ff"),             // RDLENGTH past the end
      hex("00 0029 04d0 00000000 000a  000c 0004 00000000 000c"),  // the second option is cut
  };
  for (const Bytes& row : rows) {
    bool ok = true;
    decoded(row, ok);
    CHECK_FALSE(ok);
  }
}

TEST_CASE("an OPT record cut short anywhere is refused") {
  const Bytes wire = hex("00 0029 04d0 00000000 0005  0003 0001 ff");
  for (std::size_t size = 3; size < wire.size(); ++size) {
    bool ok = true;
    decoded(Bytes(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(size)), ok);
    CHECK_FALSE(ok);
  }
}

TEST_CASE("sixteen thousand empty options are read as what they are") {
  Bytes wire = hex("00 0029 04d0 00000000 fffc");
  for (int i = 0; i < 0xfffc / 4; ++i) wire.insert(wire.end(), {0xfd, 0xe9, 0, 0});
  bool ok = false;
  const Edns edns = decoded(wire, ok);
  CHECK(ok);
  CHECK(edns.options.size() == 0xfffc / 4);
}

TEST_CASE("padding fills a message up to a multiple of the block (RFC 8467 §4.1)") {
  struct Row {
    std::size_t size, block, padding;
  };
  const std::vector<Row> rows = {
      {0, 128, 0},     {1, 128, 127},     {127, 128, 1},   {128, 128, 0}, {129, 128, 127},
      {44, 128, 84},   {256, 128, 0},     {100, 468, 368}, {467, 468, 1}, {468, 468, 0},
      {469, 468, 467}, {65535, 468, 453}, {5, 1, 0},
  };
  for (const Row& row : rows) {
    INFO(row.size << " octets in blocks of " << row.block);
    CHECK(padding_length(row.size, row.block) == row.padding);
    CHECK((row.size + row.padding) % row.block == 0);
  }
}

TEST_CASE("an extended error is its code and its text (RFC 8914 §2)") {
  CHECK(extended_error(ede::NETWORK_ERROR, "off") == EdnsOption{option::EXTENDED_ERROR, hex("0017 6f6666")});
  CHECK(extended_error(ede::OTHER, "") == EdnsOption{option::EXTENDED_ERROR, hex("0000")});
}

TEST_CASE("options have dig's names") {
  CHECK(option_name(option::NSID) == "NSID");
  CHECK(option_name(option::CLIENT_SUBNET) == "CLIENT-SUBNET");
  CHECK(option_name(option::COOKIE) == "COOKIE");
  CHECK(option_name(option::KEEPALIVE) == "TCP KEEPALIVE");
  CHECK(option_name(option::PADDING) == "PAD");
  CHECK(option_name(option::EXTENDED_ERROR) == "EDE");
  CHECK(option_name(65001) == "OPT=65001");
}

TEST_CASE("option values are shown in dig's words") {
  struct Row {
    std::uint16_t code;
    const char* value;
    const char* text;
  };
  const std::vector<Row> rows = {
      {option::NSID, "67 70 01 22 6e", "67 70 01 22 6e (\"gp.\"n\")"},
      {option::NSID, "", ""},
      {option::CLIENT_SUBNET, "0001 18 00 c00002", "192.0.2.0/24/0"},
      {option::CLIENT_SUBNET, "0001 13 18 c00020", "192.0.32.0/19/24"},
      {option::CLIENT_SUBNET, "0001 00 00", "0.0.0.0/0/0"},
      {option::CLIENT_SUBNET, "0002 30 00 20010db80001", "2001:db8:1::/48/0"},
      {option::CLIENT_SUBNET, "0002 80 80 20010db8000000000000000000000001", "2001:db8::1/128/128"},
      {option::CLIENT_SUBNET, "0000 00 00", "0/0/0"},
      {option::COOKIE, "00 01 02 03 04 05 06 07", "0001020304050607"},
      {option::KEEPALIVE, "0064", "10.0 secs"},
      {option::KEEPALIVE, "0007", "0.7 secs"},
      {option::KEEPALIVE, "ffff", "6553.5 secs"},
      {option::KEEPALIVE, "", ""},
      {option::PADDING, "00 00 00 00", "(4 bytes)"},
      {option::EXTENDED_ERROR, "0016", "22 (No Reachable Authority)"},
      {option::EXTENDED_ERROR, "0016 74657874", "22 (No Reachable Authority): (text)"},
      {option::EXTENDED_ERROR, "0016 7465787400", "22 (No Reachable Authority): (text)"},
      {option::EXTENDED_ERROR, "ff00", "65280 (Unknown)"},
      {65001, "61 ff 62", "61 ff 62 (\"a.b\")"},
      {65001, "", ""},
  };
  for (const Row& row : rows) {
    INFO(row.code << ": " << row.value);
    CHECK(text(row.code, row.value) == row.text);
  }
}

TEST_CASE("option values without their option's form are shown in hexadecimal") {
  struct Row {
    std::uint16_t code;
    const char* value;
    const char* text;
  };
  const std::vector<Row> rows = {
      {option::CLIENT_SUBNET, "0001 18", "00 01 18 (\"...\")"},
      {option::CLIENT_SUBNET, "0001 18 00 c000", "00 01 18 00 c0 00 (\"......\")"},
      {option::CLIENT_SUBNET, "0001 18 00 c0000200", "00 01 18 00 c0 00 02 00 (\"........\")"},
      {option::CLIENT_SUBNET, "0001 21 00 c000020101", "00 01 21 00 c0 00 02 01 01 (\"..!......\")"},
      {option::CLIENT_SUBNET, "0003 00 00", "00 03 00 00 (\"....\")"},
      {option::CLIENT_SUBNET, "0000 08 00 41", "00 00 08 00 41 (\"....A\")"},
      {option::KEEPALIVE, "01", "01 (\".\")"},
      {option::KEEPALIVE, "000000", "00 00 00 (\"...\")"},
      {option::EXTENDED_ERROR, "16", "16 (\".\")"},
  };
  for (const Row& row : rows) {
    INFO(row.code << ": " << row.value);
    CHECK(text(row.code, row.value) == row.text);
  }
}

TEST_CASE("no octet of someone else's text reaches the terminal raw") {
  std::string every;
  for (int octet = 0; octet < 256; ++octet) every += static_cast<char>(octet);
  for (const std::uint16_t code : {option::NSID, option::CLIENT_SUBNET, option::COOKIE, option::KEEPALIVE,
                                   option::PADDING, option::EXTENDED_ERROR}) {
    const std::string shown = option_text({code, Bytes(every.begin(), every.end())});
    for (const char c : shown)
      if (c < ' ' || c >= 0x7f) FAIL("option " << code << ": " << static_cast<int>(c));
  }
  CHECK(text(option::EXTENDED_ERROR, "0000 61 1b 0a c3a9 5c") == "0 (Other): (a\\027\\010\\195\\169\\\\)");
}
