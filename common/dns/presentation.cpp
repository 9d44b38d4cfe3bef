#include "common/dns/presentation.h"

#include <algorithm>
#include <fmt/format.h>

#include "common/dns/codes.h"

namespace dns {
namespace {

// A line with its columns. dig aims at TTL, class, type and RDATA in columns 24, 32, 40 and 48, by tabs; a
// field that is too long pushes the next one on by a single space. What looks odd is BIND's rule to the
// letter: a tab is written for every tab stop between "one past here" and the column, spaces for the rest.
class Line {
 public:
  explicit Line(std::string_view owner) : text_(owner), column_(owner.size()) {}

  void field(std::size_t column, std::string_view value) {
    const std::size_t target = std::max(column, column_ + 1);
    const std::size_t tabs = target / kTab - column_ / kTab;
    text_.append(tabs, '\t');
    text_.append(target - (tabs > 0 ? target / kTab * kTab : column_), ' ');
    text_ += value;
    column_ = target + value.size();
  }
  std::string take() { return std::move(text_); }

 private:
  static constexpr std::size_t kTab = 8;
  std::string text_;
  std::size_t column_;
};

constexpr std::size_t kTtlColumn = 24;
constexpr std::size_t kClassColumn = 32;
constexpr std::size_t kTypeColumn = 40;
constexpr std::size_t kRdataColumn = 48;

void append_records(std::string& out, std::string_view title, const std::vector<Record>& records,
                    bool comments) {
  if (records.empty()) return;
  if (comments) out += fmt::format(";; {} SECTION:\n", title);
  for (const Record& record : records) out += record_to_text(record) += '\n';
  if (comments) out += '\n';
}

std::string_view cookie_verdict(ByteView received, ByteView sent) {
  constexpr std::size_t kClientCookie = 8;
  const bool ours = received.size() >= kClientCookie && sent.size() >= kClientCookie &&
                    std::ranges::equal(received.first(kClientCookie), sent.first(kClientCookie));
  return !ours ? " (bad)" : received.size() >= 2 * kClientCookie ? " (good)" : " (echoed)";
}

}  // namespace

std::string header_to_text(const Message& message) {
  const Header& header = message.header;
  std::string flags;
  const std::pair<bool, std::string_view> names[] = {
      {header.qr, " qr"}, {header.aa, " aa"}, {header.tc, " tc"}, {header.rd, " rd"},
      {header.ra, " ra"}, {header.ad, " ad"}, {header.cd, " cd"}};
  for (const auto& [set, name] : names)
    if (set) flags += name;
  if (header.z) flags += "; MBZ: 0x4";  // the reserved bit: "must be zero" (RFC 1035 §4.1.1)

  std::string out = fmt::format(";; ->>HEADER<<- opcode: {}, status: {}, id: {}\n",
                                opcode_name(header.opcode), rcode_name(message.rcode()), header.id);
  out += fmt::format(";; flags:{}; QUERY: {}, ANSWER: {}, AUTHORITY: {}, ADDITIONAL: {}\n", flags,
                     header.qdcount, header.ancount, header.nscount, header.arcount);
  if (header.qr && header.rd && !header.ra) out += ";; WARNING: recursion requested but not available\n";
  return out;
}

std::string edns_to_text(const Edns& edns, ByteView cookie) {
  std::string out = ";; OPT PSEUDOSECTION:\n";
  out += fmt::format("; EDNS: version: {}, flags:{}", edns.version, edns.dnssec_ok ? " do" : "");
  if (edns.z != 0) out += fmt::format("; MBZ: {:#06x}, udp: {}\n", edns.z, edns.udp_size);
  if (edns.z == 0) out += fmt::format("; udp: {}\n", edns.udp_size);
  for (const EdnsOption& option : edns.options) {
    const std::string text = option_text(option);
    const bool judged = option.code == option::COOKIE && !cookie.empty();
    out += fmt::format("; {}:{}{}{}\n", option_name(option.code), text.empty() ? "" : " ", text,
                       judged ? cookie_verdict(option.value, cookie) : "");
  }
  return out;
}

std::string question_to_text(const Question& question) {
  Line line(question.name.to_string());
  line.field(kClassColumn, class_name(question.klass));
  line.field(kTypeColumn, type_name(question.type));
  return ';' + line.take();  // the ';' takes no column: dig's habit
}

std::string record_to_text(const Record& record) {
  Line line(record.owner.to_string());
  line.field(kTtlColumn, fmt::format_int(record.ttl).str());
  line.field(kClassColumn, class_name(record.klass));
  line.field(kTypeColumn, type_name(record.type));
  line.field(kRdataColumn, rdata_to_text(record.rdata));
  return line.take();
}

std::string to_text(const Message& message, const Sections& sections, ByteView cookie) {
  std::string out;
  if (sections.comments) {
    out += header_to_text(message) += '\n';
    if (message.edns) out += edns_to_text(*message.edns, cookie);
  }
  if (sections.question && !message.questions.empty()) {
    if (sections.comments) out += ";; QUESTION SECTION:\n";
    for (const Question& question : message.questions) out += question_to_text(question) += '\n';
    if (sections.comments) out += '\n';
  }
  if (sections.answer) append_records(out, "ANSWER", message.answers, sections.comments);
  if (sections.authority) append_records(out, "AUTHORITY", message.authorities, sections.comments);
  if (sections.additional) append_records(out, "ADDITIONAL", message.additionals, sections.comments);
  return out;
}

}  // namespace dns
