#include "common/dns/codes.h"
#include "tests/support/catch.h"
#include "tests/support/classroom.h"
#include "tests/support/field_list.h"

namespace {

using namespace dns;

void check_tiled(const Message& message) {
  const Bytes wire = encode(message);
  FieldList list;
  REQUIRE(decode(wire, &list));
  CHECK(list.tiled() == wire.size());
}

TEST_CASE("every octet of every record of the classroom has one owner") {
  for (const Record& record : classroom().records()) {
    CAPTURE(record.owner.to_string(), record.type);
    Message message;
    message.questions = {{record.owner, record.type, klass::IN}};
    message.answers = {record};
    check_tiled(message);
  }
}

TEST_CASE("every octet of an answer of sixty records has one owner") {
  Message message;
  message.header.qr = true;
  for (const Record& record : classroom().records()) {
    if (message.answers.size() == 60) break;
    message.answers.push_back(record);
  }
  message.questions = {{message.answers.front().owner, type::ANY, klass::IN}};
  message.edns.emplace();
  REQUIRE(message.answers.size() == 60);
  check_tiled(message);
}

}  // namespace
