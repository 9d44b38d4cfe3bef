#include "common/dns/message_view.h"

#include <cstdlib>
#include <new>

#include "common/dns/codes.h"
#include "common/dns/name.h"
#include "tests/support/catch.h"
#include "tests/unit/dns/samples.h"

using namespace dns;

namespace {

std::size_t allocations = 0;

Bytes copy(ByteView view) {
  return {view.begin(), view.end()};
}

// A message with these counts, then the octets of `body`.
Bytes message(std::uint8_t qd, std::uint8_t an, std::uint8_t ns, std::uint8_t ar, std::string_view body) {
  Bytes wire = {0, 1, 1, 0, 0, qd, 0, an, 0, ns, 0, ar};
  const Bytes rest = hex(body);
  wire.insert(wire.end(), rest.begin(), rest.end());
  return wire;
}

constexpr std::string_view kQuestion = "01 61 00 0001 0001";
constexpr std::string_view kOpt = "00 0029 04d0 00000000 0000";
constexpr std::string_view kRecord = "c00c 0001 0001 0000003c 0004 c0000201";

std::string join(std::initializer_list<std::string_view> parts) {
  std::string all;
  for (const std::string_view part : parts) all.append(part).append(" ");
  return all;
}

}  // namespace

// Every allocation of this test binary is counted, so that one test can say: none. Never inlined: GCC would
// then see memory of malloc() deleted, or of new freed, and warn.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* const memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

TEST_CASE("a query is seen whole: question, type, class, OPT and where it lies") {
  const auto view = inspect(kQuery);
  REQUIRE(view);
  CHECK(view->header.id == 0x1234);
  CHECK(copy(view->question) == hex("06 476f6f676c65 03 636f6d 00 0001 0001"));
  CHECK(view->qtype == type::A);
  CHECK(view->qclass == klass::IN);
  REQUIRE(view->opt);
  CHECK(view->opt->offset == 28);
  CHECK(view->opt->rdata_offset == 39);
  CHECK(view->opt->end == kQuery.size());
  CHECK(view->opt->udp_size == 1232);
  CHECK(view->opt->version == 0);
  CHECK_FALSE(view->is_signed);
}

TEST_CASE("the view borrows the message's own octets") {
  const auto view = inspect(kQuery);
  REQUIRE(view);
  CHECK(view->bytes.data() == kQuery.data());
  CHECK(view->question.data() == kQuery.data() + 12);
}

TEST_CASE("EDNS version and the end of an OPT that is not last are told (RFC 6891 §6.1.3)") {
  const Bytes wire = message(1, 0, 0, 2, join({kQuestion, "00 0029 1000 00 07 8000 0000", kRecord}));
  const auto view = inspect(wire);
  REQUIRE(view);
  REQUIRE(view->opt);
  CHECK(view->opt->version == 7);
  CHECK(view->opt->udp_size == 4096);
  CHECK(view->opt->end == view->opt->offset + 11);
  CHECK(view->opt->end < wire.size());
}

TEST_CASE("an rcode has twelve bits, of which eight are in the OPT (RFC 6891 §6.1.3)") {
  Bytes wire = message(1, 0, 0, 1, join({kQuestion, "00 0029 1000 01 00 0000 0000"}));
  CHECK(inspect(wire)->rcode() == rcode::BADVERS);
  wire[3] |= 7;
  CHECK(inspect(wire)->rcode() == rcode::BADCOOKIE);
  wire = message(1, 0, 0, 0, kQuestion);
  wire[3] |= 5;
  CHECK(inspect(wire)->rcode() == rcode::REFUSED);
}

TEST_CASE("of several questions the first is told") {
  const Bytes wire = message(2, 0, 0, 0, join({kQuestion, "01 62 00 001c 0003"}));
  const auto view = inspect(wire);
  REQUIRE(view);
  CHECK(view->header.qdcount == 2);
  CHECK(copy(view->question) == hex(kQuestion));
  CHECK(view->qtype == type::A);
  CHECK(view->qclass == klass::IN);
}

TEST_CASE("inspecting allocates nothing") {
  for (const Sample& sample : kSamples) {
    const std::size_t before = allocations;
    const bool ok = inspect(sample.wire).has_value();
    const std::size_t after = allocations;
    INFO(sample.name);
    CHECK(ok);
    CHECK(after == before);
  }
  const std::size_t before = allocations;
  CHECK_FALSE(Bytes(1).empty());  // the counter does count
  CHECK(allocations > before);
}

TEST_CASE("every strict prefix of every sample is refused as truncated") {
  for (const Sample& sample : kSamples) {
    for (std::size_t size = 0; size < sample.wire.size(); ++size) {
      INFO(sample.name << ", its first " << size << " octets");
      const Bytes prefix(sample.wire.begin(), sample.wire.begin() + static_cast<std::ptrdiff_t>(size));
      const auto view = inspect(prefix);
      REQUIRE_FALSE(view);
      CHECK(view.error().fault == WireFault::truncated);
    }
  }
}

TEST_CASE("octets after the message's end are refused") {
  for (const Sample& sample : kSamples) {
    INFO(sample.name);
    Bytes wire = sample.wire;
    wire.push_back(0);
    const auto view = inspect(wire);
    REQUIRE_FALSE(view);
    CHECK(view.error().fault == WireFault::trailing_bytes);
    CHECK(view.error().offset == sample.wire.size());
    CHECK(view.error().got == 1);
  }
}

TEST_CASE("messages are accepted that are strange but well formed") {
  struct Row {
    const char* why;
    Bytes wire;
  };
  const std::vector<Row> rows = {
      {"a header alone", message(0, 0, 0, 0, "")},
      {"no question but an OPT", message(0, 0, 0, 1, kOpt)},
      {"two questions", message(2, 0, 0, 0, join({kQuestion, "c00c 001c 0001"}))},
      {"records in all sections", message(1, 1, 1, 2, join({kQuestion, kRecord, kRecord, kOpt, kRecord}))},
      {"RDATA without its type's form",
       message(1, 1, 0, 0, join({kQuestion, "c00c 0001 0001 00000000 0001 ff"}))},
      {"names in RDATA that are none",
       message(1, 1, 0, 0, join({kQuestion, "c00c 0002 0001 00000000 0002 ffff"}))},
  };
  for (const Row& row : rows) {
    INFO(row.why);
    CHECK(inspect(row.wire));
  }
}

TEST_CASE("malformed messages are refused, each for its reason") {
  struct Row {
    const char* why;
    Bytes wire;
    WireFault fault;
  };
  const std::vector<Row> rows = {
      {"an empty message", {}, WireFault::truncated},
      {"a question that is not there", message(1, 0, 0, 0, ""), WireFault::truncated},
      {"a name that points at itself", message(1, 0, 0, 0, "c00c 0001 0001"), WireFault::bad_pointer},
      {"a second question's pointer forward", message(2, 0, 0, 0, join({kQuestion, "c020 0001 0001"})),
       WireFault::bad_pointer},
      {"an owner of a reserved label type", message(1, 1, 0, 0, join({kQuestion, "40"})),
       WireFault::bad_label_type},
      {"RDLENGTH past the end",
       message(1, 1, 0, 0, join({kQuestion, "c00c 0001 0001 0000003c 0005 c0000201"})), WireFault::truncated},
      {"two OPTs", message(1, 0, 0, 2, join({kQuestion, kOpt, kOpt})), WireFault::duplicate_opt},
      {"two OPTs with a record between", message(1, 0, 0, 3, join({kQuestion, kOpt, kRecord, kOpt})),
       WireFault::duplicate_opt},
      {"OPT among the answers", message(1, 1, 0, 0, join({kQuestion, kOpt})), WireFault::misplaced_opt},
      {"OPT among the authorities", message(1, 0, 1, 0, join({kQuestion, kOpt})), WireFault::misplaced_opt},
      {"OPT owned by a name", message(1, 0, 0, 1, join({kQuestion, "c00c 0029 04d0 00000000 0000"})),
       WireFault::misplaced_opt},
      {"OPT owned by a pointer to a root",
       message(1, 0, 0, 1, join({kQuestion, "c00e 0029 04d0 00000000 0000"})), WireFault::misplaced_opt},
      {"an option past RDLENGTH, into the next record",
       message(1, 0, 0, 2, join({kQuestion, "00 0029 04d0 00000000 0004 000c 0010", kRecord})),
       WireFault::truncated},
      {"half an option's header",
       message(1, 0, 0, 1, join({kQuestion, "00 0029 04d0 00000000 0003 000c 00"})), WireFault::truncated},
      {"one octet after the last option",
       message(1, 0, 0, 1, join({kQuestion, "00 0029 04d0 00000000 0005 000c 0000 00"})),
       WireFault::truncated},
      {"a record more than was counted", message(1, 0, 0, 1, join({kQuestion, kOpt, kRecord})),
       WireFault::trailing_bytes},
  };
  for (const Row& row : rows) {
    INFO(row.why);
    const auto view = inspect(row.wire);
    REQUIRE_FALSE(view);
    CHECK(view.error().fault == row.fault);
  }
}

TEST_CASE("counts of 65,535 without data fail at the first record that is missing") {
  for (const std::size_t count_at : {4U, 6U, 8U, 10U}) {
    Bytes wire(12, 0);
    wire[count_at] = wire[count_at + 1] = 0xff;
    INFO("count at octet " << count_at);
    const auto view = inspect(wire);
    REQUIRE_FALSE(view);
    CHECK(view.error().fault == WireFault::truncated);
    CHECK(view.error().offset == 12);
  }
}

TEST_CASE("a message is signed if its last record is a TSIG or a SIG over type 0 (RFC 8945 §5.1, RFC 2931)") {
  constexpr std::string_view kTsig = "00 00fa 00ff 00000000 0000";
  constexpr std::string_view kSig0 = "00 0018 00ff 00000000 0002 0000";
  constexpr std::string_view kSigOfA = "00 0018 00ff 00000000 0002 0001";
  constexpr std::string_view kShortSig = "00 0018 00ff 00000000 0001 00";
  struct Row {
    const char* why;
    Bytes wire;
    bool is_signed;
  };
  const std::vector<Row> rows = {
      {"TSIG last", message(1, 0, 0, 2, join({kQuestion, kOpt, kTsig})), true},
      {"SIG(0) last", message(1, 0, 0, 2, join({kQuestion, kOpt, kSig0})), true},
      {"a whole TSIG", kTsigSigned, true},
      {"a whole SIG(0)", kSig0Signed, true},
      {"a SIG over a type", message(1, 0, 0, 1, join({kQuestion, kSigOfA})), false},
      {"a SIG of one octet", message(1, 0, 0, 1, join({kQuestion, kShortSig})), false},
      {"a TSIG before the OPT", message(1, 0, 0, 2, join({kQuestion, kTsig, kOpt})), false},
      {"a TSIG before another record", message(1, 0, 0, 2, join({kQuestion, kTsig, kRecord})), false},
      {"a TSIG in the answers", message(1, 1, 0, 0, join({kQuestion, kTsig})), false},
      {"no additional record", message(1, 0, 0, 0, kQuestion), false},
  };
  for (const Row& row : rows) {
    INFO(row.why);
    const auto view = inspect(row.wire);
    REQUIRE(view);
    CHECK(view->is_signed == row.is_signed);
  }
}

TEST_CASE("an answer has QR set, the query's opcode and its question in any case (RFC 5452 §9.1)") {
  const MessageView query = inspect(kQuery).value();  // asks for Google.com
  CHECK(answers(inspect(kAnswer).value(), query));    // and is answered for google.com

  struct Row {
    const char* why;
    std::size_t at;
    std::uint8_t octet;
  };
  const std::vector<Row> rows = {
      {"QR clear", 2, 0x01},         {"another opcode", 2, 0xa0}, {"another name", 13, 'h'},
      {"another length", 12, 5},     {"another type", 25, 0x1c},  {"another class", 27, 3},
      {"no letter's case", 18, '`'},
  };
  for (const Row& row : rows) {
    INFO(row.why);
    Bytes wire = kAnswer;
    wire[row.at] = row.octet;
    const auto view = inspect(wire);
    if (view) CHECK_FALSE(answers(*view, query));
  }
}

TEST_CASE("types and classes are compared as numbers, not as letters") {
  const Bytes https = message(1, 0, 0, 0, "01 61 00 0041 0001");
  Bytes type97 = message(1, 0, 0, 0, "01 61 00 0061 0001");  // 'A' and 'a'
  type97[2] |= 0x80;
  CHECK_FALSE(answers(inspect(type97).value(), inspect(https).value()));
  Bytes class97 = message(1, 0, 0, 0, "01 61 00 0041 0061");
  const Bytes class65 = message(1, 0, 0, 0, "01 61 00 0041 0041");
  class97[2] |= 0x80;
  CHECK_FALSE(answers(inspect(class97).value(), inspect(class65).value()));
}

TEST_CASE("a longer name, two questions or none do not answer one question") {
  const Bytes query = message(1, 0, 0, 0, kQuestion);
  Bytes longer = message(1, 0, 0, 0, "01 61 01 62 00 0001 0001");
  Bytes two = message(2, 0, 0, 0, join({kQuestion, kQuestion}));
  Bytes none = message(0, 0, 0, 0, "");
  for (Bytes* wire : {&longer, &two, &none}) {
    (*wire)[2] |= 0x80;
    CHECK_FALSE(answers(inspect(*wire).value(), inspect(query).value()));
  }
  const Bytes nothing = message(0, 0, 0, 0, "");
  CHECK(answers(inspect(none).value(), inspect(nothing).value()));
}
