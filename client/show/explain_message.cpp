#include "client/show/explain_message.h"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

#include "client/show/explain_meaning.h"
#include "client/show/hex.h"
#include "client/show/wrap.h"
#include "common/dns/message.h"

namespace client {
namespace {

using dns::NamePart;

constexpr std::size_t kTextWidth = 59;      // field, value and meaning
constexpr std::size_t kMeaningColumn = 28;  // within it
constexpr std::size_t kIndent = 4;          // of what goes on in the next row

// The meaning stands beside the value where there is room, else in a row of its own.
std::vector<std::string> text_rows(std::string_view value, std::string_view meaning) {
  std::vector<std::string> rows = wrapped(value, kTextWidth, kIndent);
  if (meaning.empty()) return rows;
  const std::size_t gap = std::max(kMeaningColumn, value.size() + 2);
  if (rows.size() == 1 && gap + meaning.size() <= kTextWidth) {
    rows[0].resize(gap, ' ');
    rows[0] += meaning;
    return rows;
  }
  for (const std::string& row : wrapped(meaning, kTextWidth - kIndent, kIndent))
    rows.push_back(std::string(kIndent, ' ') + row);
  return rows;
}

std::string value_text(const dns::WireField& field) {
  if (field.whole.empty()) return fmt::format("{} = {}", field.name, field.value);
  switch (field.part) {
    case NamePart::Kind::label:
      return fmt::format("{} = \"{}\"", field.name, field.value);
    case NamePart::Kind::root:
      return fmt::format("{} = .", field.name);
    case NamePart::Kind::pointer:
      return fmt::format("{} -> octet {} \"{}\"", field.name, field.target, field.value);
  }
  return {};
}

// "..10 1... .... ....": where in the sixteen bits these are.
std::string drawn(const dns::BitField& bits, unsigned before) {
  std::string row;
  for (unsigned i = 0; i < 16; ++i) {
    if (i > 0 && i % 4 == 0) row += ' ';
    const bool ours = i >= before && i < before + bits.width;
    row += !ours ? '.' : (bits.value >> (before + bits.width - 1 - i) & 1) != 0 ? '1' : '0';
  }
  return row;
}

std::string_view section_name(dns::Section section) {
  switch (section) {
    case dns::Section::header:
      return "HEADER";
    case dns::Section::question:
      return "QUESTION";
    case dns::Section::answer:
      return "ANSWER";
    case dns::Section::authority:
      return "AUTHORITY";
    case dns::Section::additional:
      return "ADDITIONAL";
  }
  return {};
}

class Printer final : public dns::FieldSink {
 public:
  Printer(ByteView wire, bool all) : wire_(wire), all_(all) {}

  void entry(dns::Section section, std::size_t index, std::size_t count) override {
    out_ += fmt::format("       {}", section_name(section));
    if (section != dns::Section::header) out_ += fmt::format(" {} of {}", index + 1, count);
    out_ += '\n';
  }

  void field(const dns::WireField& field) override {
    rows(field.offset, field.length, text_rows(value_text(field), meaning_of(field)), field.rfc);
    unsigned before = 0;
    for (const dns::BitField& bits : field.bits) {
      if (bits.name == "QR") answer_ = bits.value != 0;
      line("", drawn(bits, before),
           text_rows(fmt::format("  {} = {}", bits.name, bits.value), meaning_of(bits, answer_)).front(),
           all_ ? rfc_of(bits, field) : "");
      before += bits.width;
    }
    saved_ += field.saved;
    read_ = field.offset + field.length;
  }

  void unread(const dns::WireError& error) {
    rows(read_, wire_.size() - read_, wrapped("not read: " + dns::to_string(error), kTextWidth, kIndent), "");
  }

  std::string take() {
    out_ += fmt::format("{:5}  octets in all", wire_.size());
    if (saved_ > 0) out_ += fmt::format("; compression of names saves {}", saved_);
    return std::move(out_ += '\n');
  }

 private:
  void rows(std::size_t offset, std::size_t length, const std::vector<std::string>& text,
            std::string_view rfc) {
    const std::vector<std::string> hex = hex_rows(wire_.subspan(offset, length));
    for (std::size_t i = 0; i < std::max(hex.size(), text.size()); ++i)
      line(i < hex.size() ? fmt::to_string(offset + i * kOctetsPerRow) : "", i < hex.size() ? hex[i] : "",
           i < text.size() ? text[i] : "", i == 0 ? rfc : "");
  }

  void line(std::string_view offset, std::string_view octets, std::string_view text, std::string_view rfc) {
    std::string row = fmt::format("{:>5}  {:23}  {:{}}", offset, octets, text, kTextWidth);
    if (!rfc.empty()) row += fmt::format(" [{}]", rfc);
    row.erase(row.find_last_not_of(' ') + 1);
    out_ += row += '\n';
  }

  ByteView wire_;
  bool all_;
  std::string out_;
  bool answer_ = false;    // by the bit QR, which comes before all that depends on it
  std::size_t read_ = 0;   // octets
  std::size_t saved_ = 0;  // octets
};

}  // namespace

std::string explain_message(ByteView wire, std::string_view title, bool all) {
  Printer printer(wire, all);
  const auto message = dns::decode(wire, &printer);
  if (!message) printer.unread(message.error());
  return fmt::format("{}\n{}", title, printer.take());
}

}  // namespace client
