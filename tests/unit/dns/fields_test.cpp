#include "common/dns/fields.h"

#include <random>

#include "common/dns/codes.h"
#include "tests/support/catch.h"
#include "tests/support/field_list.h"
#include "tests/unit/dns/samples.h"

using namespace dns;

namespace {

FieldList told(ByteView wire) {
  FieldList list;
  static_cast<void>(decode(wire, &list));
  return list;
}

const WireField& field_at(const FieldList& list, std::size_t offset) {
  for (const WireField& field : list.fields)
    if (field.offset == offset && field.length > 0) return field;
  throw std::runtime_error("no field begins there");
}

Name random_name(std::mt19937& dice) {
  static const char* const kNames[] = {".",           "a.",           "b.a.",           "example.",
                                       "Example.",    "www.example.", "w\\.w.example.", "x.www.example.",
                                       "\\000\\255.", "mail.b.a."};
  return Name::parse(kNames[dice() % std::size(kNames)]).value();
}

Record random_record(std::mt19937& dice) {
  Record record{random_name(dice), type::MX, klass::IN, static_cast<std::uint32_t>(dice()), {}};
  const std::string name = random_name(dice).to_string();
  static const std::uint16_t kTypes[] = {type::MX, type::CNAME, type::SRV, type::TXT, type::AAAA, 65280};
  record.type = kTypes[dice() % std::size(kTypes)];
  const std::string text = record.type == type::MX      ? "10 " + name
                           : record.type == type::CNAME ? name
                           : record.type == type::SRV   ? "1 2 3 " + name
                           : record.type == type::TXT   ? "\"\" \"" + std::string(dice() % 200, 'x') + "\""
                           : record.type == type::AAAA  ? "2001:db8::1"
                                                        : "\\# 2 0a0b";
  record.rdata = parse_rdata(record.type, text).value();
  return record;
}

Message random_message(std::mt19937& dice) {
  Message message;
  message.header.id = static_cast<std::uint16_t>(dice());
  message.header.qr = dice() % 2 != 0;
  for (auto n = dice() % 3; n > 0; --n) message.questions.push_back({random_name(dice), type::A, klass::IN});
  for (auto n = dice() % 9; n > 0; --n) message.answers.push_back(random_record(dice));
  for (auto n = dice() % 4; n > 0; --n) message.authorities.push_back(random_record(dice));
  for (auto n = dice() % 4; n > 0; --n) message.additionals.push_back(random_record(dice));
  if (dice() % 2 != 0) {
    message.edns.emplace();
    for (auto n = dice() % 3; n > 0; --n)
      message.edns->options.push_back({static_cast<std::uint16_t>(dice() % 16), Bytes(dice() % 12)});
  }
  return message;
}

}  // namespace

TEST_CASE("every octet of every sample has one owner") {
  for (const Sample& sample : kSamples) {
    INFO(sample.name);
    CHECK(told(sample.wire).tiled() == sample.wire.size());
  }
}

TEST_CASE("every octet of random messages has one owner") {
  const unsigned seed = GENERATE(take(300, random(0U, 1'000'000U)));
  CAPTURE(seed);
  std::mt19937 dice(seed);
  const Bytes wire = encode(random_message(dice));
  REQUIRE(decode(wire));
  CHECK(told(wire).tiled() == wire.size());
}

TEST_CASE("what is told of a message that is cut short ends where it was cut") {
  for (const Sample& sample : kSamples) {
    for (std::size_t size = 0; size < sample.wire.size(); ++size) {
      INFO(sample.name << ", its first " << size << " octets");
      FieldList list;
      const auto message = decode(ByteView(sample.wire).first(size), &list);
      REQUIRE_FALSE(message);
      REQUIRE(list.tiled());
      CHECK(*list.tiled() <= size);
      CHECK(*list.tiled() <= message.error().offset);
    }
  }
}

TEST_CASE("a decoder that tells decodes what one that does not decodes") {
  for (const Sample& sample : kSamples) {
    FieldList list;
    CHECK(decode(sample.wire, &list).value() == decode(sample.wire).value());
  }
}

TEST_CASE("a field has its name, value, entry and RFC") {
  const FieldList list = told(kAnswer);
  CHECK(field_at(list, 0).value == "4660");
  CHECK(field_at(list, 6).name == "ANCOUNT");
  CHECK(field_at(list, 6).value == "2");
  CHECK(field_at(list, 24).name == "QTYPE");
  CHECK(field_at(list, 24).value == "A");
  CHECK(field_at(list, 34).name == "TTL");
  CHECK(field_at(list, 34).value == "300");
  CHECK(field_at(list, 40).name == "RDATA: address");
  CHECK(field_at(list, 40).value == "192.0.2.1");
  CHECK(field_at(list, 40).rfc == "RFC 1035 3.4.1");
  CHECK(list.entries.front() == "0/0");
  CHECK(list.entries.back() == "4/0");
}

TEST_CASE("the flags are told bit by bit, sixteen in all") {
  const FieldList list = told(kNameError);
  const WireField& flags = field_at(list, 2);
  CHECK(flags.value == "0x8583");
  unsigned width = 0;
  for (const BitField& bits : flags.bits) {
    width += bits.width;
    if (bits.name == "AA") CHECK(bits.value == 1);
    if (bits.name == "RCODE") CHECK(bits.value == rcode::NXDOMAIN);
  }
  CHECK(width == 16);
}

TEST_CASE("a name is told by its labels and the pointer that ends it, where they stand") {
  const FieldList list = told(kChain);
  CHECK(field_at(list, 12).value == "www");
  CHECK(field_at(list, 16).value == "example");
  CHECK(field_at(list, 24).part == NamePart::Kind::root);
  CHECK(field_at(list, 24).whole == "www.example.");

  const WireField& owner = field_at(list, 29);  // c0 0c
  CHECK(owner.part == NamePart::Kind::pointer);
  CHECK(owner.target == 12);
  CHECK(owner.value == "www.example.");
  CHECK(owner.saved == 11);  // two octets for thirteen

  CHECK(field_at(list, 41).value == "web");  // inside RDATA, on the wire's offsets
  CHECK(field_at(list, 41).name == "RDATA: cname");
  const WireField& tail = field_at(list, 45);
  CHECK(tail.target == 16);
  CHECK(tail.value == "example.");
  CHECK(tail.whole == "web.example.");
}

TEST_CASE("options of an OPT are told one by one") {
  const FieldList list = told(kQuery);
  CHECK(field_at(list, 31).name == "UDP payload size");
  CHECK(field_at(list, 31).value == "1232");
  CHECK(field_at(list, 35).bits.at(0).value == 1);  // DO
  CHECK(field_at(list, 39).value == "10 (COOKIE)");
  CHECK(field_at(list, 43).value == "0102030405060708");
}

TEST_CASE("labels before an error in the name are told, its pointer is not") {
  Bytes wire = kAnswer;
  wire[28 + 1] = 0xff;  // the first answer's owner points behind itself
  const FieldList list = told(wire);
  CHECK(list.tiled() == 28);
}
