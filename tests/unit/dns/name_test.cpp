#include "common/dns/name.h"

#include <string>

#include "tests/support/catch.h"
#include "tests/support/hex.h"

using dns::Name;
using dns::WireFault;
using dns::WireReader;

namespace {

Name name(std::string_view text, const Name& origin = Name()) {
  const auto parsed = Name::parse(text, origin);
  if (!parsed) throw std::invalid_argument(std::string(text) + ": " + parsed.error().what);
  return *parsed;
}

Bytes wire_of(const Name& name) {
  return {name.wire().begin(), name.wire().end()};
}

// Names lie behind a header in every message, and so they do in these tests: the first octet given is
// octet 12.
Bytes behind_header(const Bytes& octets) {
  Bytes message(12, 0);
  message.insert(message.end(), octets.begin(), octets.end());
  return message;
}

// `count` labels of `length` octets each, without the root.
Bytes labels(std::size_t count, std::size_t length) {
  Bytes out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(static_cast<std::uint8_t>(length));
    out.insert(out.end(), length, 'x');
  }
  return out;
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

struct Verdict {
  bool ok;
  dns::WireError error;
  std::size_t offset;
  Name name;
};

// Reads the name at `offset` both ways, which must agree.
Verdict read(const Bytes& message, std::size_t offset) {
  WireReader skipper(message);
  skipper.bytes(offset);
  WireReader decoder = skipper;
  const Name decoded = Name::decode(decoder);
  skip_name(skipper);
  CHECK(skipper.ok() == decoder.ok());
  CHECK(skipper.offset() == decoder.offset());
  if (!decoder.ok()) {
    CHECK(skipper.error().fault == decoder.error().fault);
    CHECK(decoded.is_root());
    CHECK(decoder.offset() == offset);  // a failed read consumes nothing
  }
  return {decoder.ok(), decoder.error(), decoder.offset(), decoded};
}

}  // namespace

TEST_CASE("names are read from the wire, pointers followed, and the reader stands behind them") {
  struct Row {
    const char* why;
    Bytes octets;       // from octet 12
    std::size_t start;  // of the name, in the message
    const char* text;
    std::size_t size;  // octets the name takes in place
  };
  const std::vector<Row> rows = {
      {"the root", hex("00"), 12, ".", 1},
      {"labels to a zero", hex("03 777777 02 6e6c 00"), 12, "www.nl.", 8},
      {"a pointer to a whole name", hex("01 61 00  c00c"), 15, "a.", 2},
      {"labels, then a pointer", hex("01 61 00  01 62 c00c"), 15, "b.a.", 4},
      {"a pointer to a pointer", hex("01 61 00  c00c  c00f"), 17, "a.", 2},
      {"a pointer into a name's middle", hex("01 61 01 62 00  c00e"), 17, "b.", 2},
      {"a pointer to a root's octet", hex("01 61 00  c00e"), 15, ".", 2},
      {"the longest label", labels(1, 63) + hex("00"), 12, nullptr, 65},
      {"the longest name, 255 octets", labels(3, 63) + labels(1, 61) + hex("00"), 12, nullptr, 255},
      {"the most labels, 127", labels(127, 1) + hex("00"), 12, nullptr, 255},
      {"255 octets by way of a pointer", labels(3, 63) + hex("00") + labels(1, 61) + hex("c00c"), 205,
       nullptr, 64},
      {"all octets are allowed in labels (RFC 2181 §11)", hex("03 00 2e ff 00"), 12, "\\000\\.\\255.", 5},
  };
  for (const Row& row : rows) {
    INFO(row.why);
    const Bytes message = behind_header(row.octets);
    const Verdict verdict = read(message, row.start);
    CHECK(verdict.ok);
    CHECK(verdict.offset == row.start + row.size);
    if (row.text != nullptr) CHECK(verdict.name.to_string() == row.text);
  }
}

TEST_CASE("names that break RFC 1035 §4.1.4 or §2.3.4 are refused, each for its reason") {
  struct Row {
    const char* why;
    Bytes octets;
    std::size_t start;
    WireFault fault;
    std::size_t at;  // the octet that is complained of
  };
  const std::vector<Row> rows = {
      {"nothing at all", hex(""), 12, WireFault::truncated, 12},
      {"no root", hex("01 61"), 12, WireFault::truncated, 14},
      {"half a label", hex("03 61 62"), 12, WireFault::truncated, 12},
      {"half a pointer", hex("01 61 00 c0"), 15, WireFault::truncated, 15},
      {"label type 01", hex("40 61 00"), 12, WireFault::bad_label_type, 12},
      {"label type 10", hex("80 61 00"), 12, WireFault::bad_label_type, 12},
      {"label type 01 behind a pointer", hex("41 00 c00c"), 14, WireFault::bad_label_type, 12},
      {"a pointer to itself", hex("c00c"), 12, WireFault::bad_pointer, 12},
      {"a pointer to its own second octet", hex("c00d"), 12, WireFault::bad_pointer, 12},
      {"a pointer forward", hex("c00e 01 61 00"), 12, WireFault::bad_pointer, 12},
      {"a pointer past the end", hex("01 61 00 ffff"), 15, WireFault::bad_pointer, 15},
      {"a pointer to the start of its own piece", hex("01 61 c00c"), 12, WireFault::bad_pointer, 14},
      {"a pointer into its own piece", hex("01 61 01 62 c00e"), 12, WireFault::bad_pointer, 16},
      {"two pointers at each other", hex("c00e c00c"), 14, WireFault::bad_pointer, 12},
      {"a loop through labels", hex("01 61 c010 01 62 c00c"), 16, WireFault::bad_pointer, 14},
      {"a pointer to a label that reaches over it", hex("06 61 62 63 c00c 00 00"), 16, WireFault::bad_pointer,
       16},
      {"a pointer to labels that end in it", hex("01 61 04 62 c00c 00 00"), 16, WireFault::bad_pointer, 16},
      {"a pointer to the header's ID", hex("01 61 c000"), 12, WireFault::bad_pointer, 14},
      {"a pointer to the header's last octet", hex("01 61 c00b"), 12, WireFault::bad_pointer, 14},
      {"256 octets", labels(3, 63) + labels(1, 62) + hex("00"), 12, WireFault::name_too_long, 12},
      {"256 octets of short labels", labels(127, 1) + hex("00") + hex("01 61 c00c"), 267,
       WireFault::name_too_long, 267},
      {"256 octets by way of a pointer", labels(3, 63) + hex("00") + labels(1, 62) + hex("c00c"), 205,
       WireFault::name_too_long, 205},
  };
  for (const Row& row : rows) {
    INFO(row.why);
    const Verdict verdict = read(behind_header(row.octets), row.start);
    CHECK_FALSE(verdict.ok);
    CHECK(verdict.error.fault == row.fault);
    CHECK(verdict.error.offset == row.at);
  }
}

TEST_CASE("a chain of pointers is followed as far as a name has labels, no further") {
  Bytes octets = hex("01 61 00");  // a. at 12, then pointers, each to the one before
  std::size_t target = 12;
  for (int i = 0; i < 200; ++i) {
    const std::size_t here = 12 + octets.size();
    octets.push_back(static_cast<std::uint8_t>(0xc0 | target >> 8));
    octets.push_back(static_cast<std::uint8_t>(target));
    target = here;
  }
  const Bytes message = behind_header(octets);
  CHECK(read(message, 15 + 2 * 126).ok);  // 127 pointers
  CHECK(read(message, 15 + 2 * 127).error.fault == WireFault::bad_pointer);
}

TEST_CASE("a name may not leave its window, but its pointers may") {
  const Bytes message = behind_header(hex("01 61 00  01 62 c00c  00"));
  WireReader reader(message);
  reader.bytes(15);
  WireReader window = reader.window(4);
  CHECK(Name::decode(window).to_string() == "b.a.");
  CHECK(window.ok());
  CHECK(window.at_end());

  WireReader again(message);
  again.bytes(15);
  for (std::size_t size = 0; size < 4; ++size) {
    WireReader copy = again;
    WireReader narrow = copy.window(size);
    Name::decode(narrow);
    CHECK_FALSE(narrow.ok());
  }
}

TEST_CASE("text becomes wire octets as RFC 1035 §5.1 says, and back as dig writes it") {
  struct Row {
    const char* text;
    const char* wire;
    const char* printed;
  };
  const std::vector<Row> rows = {
      {".", "00", "."},
      {"a", "01 61 00", "a."},
      {"a.", "01 61 00", "a."},
      {"Www.Example.", "03 577777 07 4578616d706c65 00", "Www.Example."},
      {"a\\.b.c.", "03 612e62 01 63 00", "a\\.b.c."},
      {"\\097\\.", "02 612e 00", "a\\.."},
      {"\\000\\255", "02 00ff 00", "\\000\\255."},
      {"\\a\\\\", "02 615c 00", "a\\\\."},
      {"a b\\032c", "05 6120622063 00", "a\\032b\\032c."},
      // Held against dig 9.18: these eight get a backslash, nothing else printable does.
      {"\"$()\\.;@\\\\", "08 22242829 2e3b405c 00", "\\\"\\$\\(\\)\\.\\;\\@\\\\."},
      {"!#%&'*+,-/:<=>?[]^_`{|}~", "18 2123252627 2a2b2c2d2f3a 3c3d3e3f 5b5d5e5f60 7b7c7d7e 00",
       "!#%&'*+,-/:<=>?[]^_`{|}~."},
      {"\xc3\xa9\x7f\x1b", "04 c3a97f1b 00", "\\195\\169\\127\\027."},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const auto parsed = Name::parse(row.text);
    REQUIRE(parsed);
    CHECK(wire_of(*parsed) == hex(row.wire));
    CHECK(parsed->to_string() == row.printed);
    CHECK(wire_of(name(row.printed)) == hex(row.wire));
  }
}

TEST_CASE("text that is no name is refused with the column of the fault") {
  struct Row {
    std::string text;
    const char* what;
    std::size_t column;
  };
  const std::string label63(63, 'a');
  const std::vector<Row> rows = {
      {"", "empty name", 0},
      {"..", "empty label", 0},
      {".a", "empty label", 0},
      {"a..b", "empty label", 2},
      {"a..", "empty label", 2},
      {"a\\", "nothing after the last backslash", 1},
      {"a\\25", "escape without its three digits", 1},
      {"a\\2b5", "escape without its three digits", 1},
      {"a\\25b", "escape without its three digits", 1},
      {"a\\256", "escape above \\255", 1},
      {"b." + label63 + "a", "label longer than 63 octets", 2},
      {label63 + "." + label63 + "." + label63 + "." + std::string(62, 'b'), "name longer than 255 octets",
       0},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const auto parsed = Name::parse(row.text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().what == row.what);
    CHECK(parsed.error().column == row.column);
  }
}

TEST_CASE("a name of 255 octets can be written as text") {
  const std::string label63(63, 'a');
  const auto parsed = Name::parse(label63 + "." + label63 + "." + label63 + "." + std::string(61, 'b'));
  REQUIRE(parsed);
  CHECK(parsed->wire().size() == 255);
}

TEST_CASE("a name without a final dot is completed by the origin, @ is the origin (RFC 1035 §5.1)") {
  const Name origin = name("example.org.");
  CHECK(name("www", origin).to_string() == "www.example.org.");
  CHECK(name("www.", origin).to_string() == "www.");
  CHECK(name("a\\.", origin).to_string() == "a\\..example.org.");
  CHECK(name("@", origin).to_string() == "example.org.");
  CHECK(name(".", origin).is_root());
  CHECK(wire_of(name("\\@", Name())) == hex("01 40 00"));
  const std::string label63(63, 'a');
  CHECK_FALSE(Name::parse(label63 + "." + label63 + "." + label63 + "." + std::string(52, 'b'), origin));
}

TEST_CASE("names are equal whatever their case, in ASCII letters only (RFC 4343 §3)") {
  CHECK(name("WWW.Example.") == name("www.eXAMPLE."));
  CHECK(name("www.example.") != name("www.example.org."));
  CHECK(name("a.b.") != name("a\\.b."));
  CHECK(name("@a.") != name("`a."));                          // 0x40 and 0x60 are 0x20 apart and no letters
  CHECK(name("\\[.") != name("{."));                          // so are 0x5b and 0x7b
  CHECK(name("\\195\\137.") != name("\\195\\169."));          // É and é in UTF-8
  CHECK(name("WWW.Example.").to_string() == "WWW.Example.");  // but the case is kept
}

TEST_CASE("labels are counted without the root") {
  CHECK(Name().label_count() == 0);
  CHECK(name("a.").label_count() == 1);
  CHECK(name("a\\.b.c.").label_count() == 2);
}

TEST_CASE("a name lies within itself and its ancestors, label by label") {
  const Name www = name("www.Example.org.");
  CHECK(www.is_within(name("www.example.org.")));
  CHECK(www.is_within(name("EXAMPLE.org.")));
  CHECK(www.is_within(Name()));
  CHECK_FALSE(www.is_within(name("ample.org.")));
  CHECK_FALSE(www.is_within(name("a.www.example.org.")));
  CHECK_FALSE(www.is_within(name("example.net.")));
  CHECK_FALSE(Name().is_within(www));
  // The octets of "\003org." end this label too, but no label begins there.
  CHECK_FALSE(name("ww\\003org.").is_within(name("org.")));
}

TEST_CASE("a name's parent lacks the first label, the root is its own") {
  CHECK(name("www.example.").parent().to_string() == "example.");
  CHECK(name("example.").parent().is_root());
  CHECK(Name().parent().is_root());
}

TEST_CASE("a name is put below another, unless both are too long together") {
  CHECK(name("a.b.").below(name("c.")).value().to_string() == "a.b.c.");
  CHECK(Name().below(name("c.")).value().to_string() == "c.");
  CHECK(name("a.").below(Name()).value().to_string() == "a.");
  const std::string label63(63, 'a');
  const Name longest = name(label63 + "." + label63 + "." + label63 + "." + std::string(61, 'b'));
  CHECK_FALSE(name("a.").below(longest));
  CHECK(Name().below(longest));
}
