// A zone file: read, or refused with one line that says where; what it says is found again by asking, and
// written out it makes the same zone.
#include <cctype>

#include "common/dns/presentation.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lab/zone.h"

using fuzz::claim;

namespace {

// $GENERATE with a number of three digits is as good as one with five, and would take its time.
bool generates_many(std::string_view text) {
  if (text.find("$GENERATE") == std::string_view::npos) return false;
  std::size_t digits = 0;
  for (const char c : text) {
    digits = std::isdigit(static_cast<unsigned char>(c)) != 0 ? digits + 1 : 0;
    if (digits > 2 && text.size() > 256) return true;
    if (digits > 3) return true;
  }
  return false;
}

void check_error(std::string_view error, std::string_view text) {
  claim(fuzz::is_printable(error, fuzz::kEllipsis) && error.starts_with("zone:"));
  error.remove_prefix(5);
  std::size_t line = 0;
  while (!error.empty() && std::isdigit(static_cast<unsigned char>(error[0])) != 0) {
    line = line * 10 + static_cast<std::size_t>(error[0] - '0');
    error.remove_prefix(1);
  }
  claim(line >= 1 && line <= 1 + static_cast<std::size_t>(std::ranges::count(text, '\n')));
  claim(error.starts_with(": ") && error.size() > 2);
}

void check_answers(const lab::Zone& zone, const std::vector<dns::Record>& records) {
  for (const dns::Record& record : std::span(records).first(std::min<std::size_t>(records.size(), 16))) {
    for (const std::uint16_t type : {record.type, std::uint16_t{255}}) {
      const lab::Answer answer = zone.lookup({record.owner, type, 1});
      claim(answer.answers.size() <= records.size() + 64);  // a chain ends, even one of DNAMEs
    }
    const auto below = dns::Name::parse("x").value().below(record.owner);
    if (below) zone.lookup({*below, record.type, 1});
  }
}

void check_round_trip(const std::vector<dns::Record>& records) {
  std::string text;
  for (const dns::Record& record : records) text += dns::record_to_text(record) + "\n";
  claim(fuzz::is_printable(text, "\n\t"));
  lab::Zone again;
  claim(again.read(text, "again").has_value());
  claim(again.records() == records);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text({data, size});
  if (generates_many(text)) return -1;  // not kept
  lab::Zone zone;
  if (const auto read = zone.read(text, "zone"); !read) check_error(read.error(), text);
  const std::vector<dns::Record> records = zone.records();
  check_answers(zone, records);
  check_round_trip(records);
  return 0;
}
