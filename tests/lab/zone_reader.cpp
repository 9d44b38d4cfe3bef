// The master-file reader (RFC 1035 §5.1). Two layers: lines_of() joins what parentheses hold together and
// drops comments; ZoneReader makes sense of the fields of one such line.
#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fstream>
#include <iterator>

#include "common/dns/codes.h"
#include "common/dns/text_fields.h"
#include "common/dns/time_text.h"
#include "tests/lab/zone.h"

namespace lab {
namespace {

using dns::Name;
using dns::TextError;
using dns::TextField;

template <typename T>
using Parsed = std::expected<T, TextError>;

std::unexpected<TextError> wrong(std::string what, std::size_t column) {
  return std::unexpected(TextError{std::move(what), column});
}

// An entry of the file: one line, or several within parentheses. In its text comments are gone and
// parentheses are blanks; its line feeds are kept, so that a column leads back to a line.
struct Entry {
  std::string text;
  std::size_t line;  // of its first character, from 1
};

struct LineError {
  std::size_t line;
  std::string what;
};

// Takes one entry off `text`, whose first character is in line `line`.
std::expected<Entry, LineError> next_entry(std::string_view& text, std::size_t& line) {
  Entry entry{{}, line};
  std::size_t opened = 0;  // the line of the open parenthesis, 0 if there is none
  bool quoted = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n') {
      ++line;
      if (quoted) return std::unexpected(LineError{line - 1, "quote is never closed"});
      if (opened == 0) break;
      entry.text += c;
    } else if (c == '\\' && at + 1 < text.size() && text[at + 1] != '\n') {
      entry.text.append(text.substr(at++, 2));
    } else if (c == '"') {
      quoted = !quoted;
      entry.text += c;
    } else if (quoted) {
      entry.text += c;
    } else if (c == ';') {
      while (at + 1 < text.size() && text[at + 1] != '\n') ++at;
    } else if (c == '(' || c == ')') {
      if ((c == '(') == (opened != 0))
        return std::unexpected(
            LineError{line, c == '(' ? "parenthesis within parentheses" : "no parenthesis to close"});
      opened = c == '(' ? line : 0;
      entry.text += ' ';
    } else {
      entry.text += c;
    }
  }
  if (quoted) return std::unexpected(LineError{line, "quote is never closed"});
  if (opened != 0) return std::unexpected(LineError{opened, "parenthesis is never closed"});
  text.remove_prefix(std::min(at + 1, text.size()));
  return entry;
}

// What a record line says before its type: owner, TTL and class, each of which may be left to the lines
// before.
class ZoneReader {
 public:
  explicit ZoneReader(Zone& zone) : zone_(zone) {}

  Parsed<void> entry(std::string_view text);

 private:
  Parsed<void> directive(std::span<const TextField> fields, std::string_view text);
  Parsed<void> generate(std::span<const TextField> fields, std::string_view text);
  Parsed<void> record(std::span<const TextField> fields, std::string_view text);
  Parsed<Name> name(const TextField& field) const;

  Zone& zone_;
  Name origin_;
  std::optional<Name> owner_;  // of the last record
  std::uint16_t class_ = dns::klass::IN;
  std::optional<std::uint32_t> default_ttl_;  // $TTL (RFC 2308 §4)
  std::optional<std::uint32_t> last_ttl_;
};

Parsed<Name> ZoneReader::name(const TextField& field) const {
  auto parsed = Name::parse(field.text, origin_);
  if (!parsed) return wrong(parsed.error().what, field.column + parsed.error().column);
  return *parsed;
}

Parsed<void> ZoneReader::entry(std::string_view text) {
  const auto split = dns::split_fields(text);
  if (!split) return std::unexpected(split.error());
  std::span<const TextField> fields = *split;
  if (fields.empty()) return {};
  if (fields[0].text.starts_with('$') && !fields[0].quoted) return directive(fields, text);

  const bool has_owner = fields[0].column == 0;
  if (has_owner) {
    const auto owner = name(fields[0]);
    if (!owner) return std::unexpected(owner.error());
    owner_ = *owner;
    fields = fields.subspan(1);
  }
  if (!owner_) return wrong("no owner here nor on a line before", fields[0].column);
  return record(fields, text);
}

Parsed<void> ZoneReader::directive(std::span<const TextField> fields, std::string_view text) {
  const std::string_view word = fields[0].text;
  if (word == "$GENERATE") return generate(fields, text);
  if (word != "$ORIGIN" && word != "$TTL")
    return wrong(fmt::format("unknown directive {}", dns::cited(word)), 0);
  if (fields.size() != 2) return wrong(fmt::format("{} takes one field", word), text.size());
  if (word == "$ORIGIN") {
    const auto origin = name(fields[1]);
    if (!origin) return std::unexpected(origin.error());
    origin_ = *origin;
    return {};
  }
  default_ttl_ = dns::ttl_from_text(fields[1].text);
  if (!default_ttl_) return wrong(fmt::format("{} is no TTL", dns::cited(fields[1].text)), fields[1].column);
  return {};
}

// `$GENERATE first-last line`: the line once for each number, which replaces every `$`.
Parsed<void> ZoneReader::generate(std::span<const TextField> fields, std::string_view text) {
  constexpr unsigned kMostLines = 65536;
  if (fields.size() < 4) return wrong("$GENERATE takes a range and a record", text.size());
  const std::string_view range = fields[1].text;
  unsigned first = 0, last = 0;
  const char* const end = range.data() + range.size();
  const auto [dash, first_error] = std::from_chars(range.data(), end, first);
  const bool has_dash = first_error == std::errc() && dash != end && *dash == '-';
  const auto [rest, last_error] = std::from_chars(has_dash ? dash + 1 : end, end, last);
  if (!has_dash || last_error != std::errc() || rest != end || first > last || last - first >= kMostLines)
    return wrong(fmt::format("{} is no range such as 1-9", dns::cited(range)), fields[1].column);

  const std::string_view pattern = text.substr(fields[2].column);
  for (unsigned number = first; number <= last; ++number) {
    std::string line;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
      if (pattern[at] == '$')
        line += fmt::to_string(number);
      else if (pattern[at] == '\\' && at + 1 < pattern.size())
        line.append(pattern.substr(at++, 2));
      else
        line += pattern[at];
    }
    if (const auto made = entry(line); !made) return wrong(made.error().what, fields[2].column);
  }
  return {};
}

Parsed<void> ZoneReader::record(std::span<const TextField> fields, std::string_view text) {
  std::optional<std::uint32_t> ttl;
  for (bool has_class = false; !fields.empty(); fields = fields.subspan(1)) {
    const std::string_view word = fields[0].text;
    if (const auto seconds = ttl ? std::nullopt : dns::ttl_from_text(word)) {
      ttl = seconds;
    } else if (const auto klass = has_class ? std::nullopt : dns::class_from_name(word)) {
      class_ = *klass;
      has_class = true;
    } else {
      break;
    }
  }
  if (fields.empty()) return wrong("type is missing", text.size());
  const TextField& type_field = fields[0];
  const auto type = dns::type_from_name(type_field.text);
  if (!type) return wrong(fmt::format("{} is no type", dns::cited(type_field.text)), type_field.column);
  if (!ttl) ttl = default_ttl_ ? default_ttl_ : last_ttl_;
  if (!ttl) return wrong("no TTL here, nor on a line before, nor by $TTL", type_field.column);
  last_ttl_ = ttl;

  const std::size_t after_type = type_field.column + type_field.text.size();
  auto rdata = dns::parse_rdata(*type, text.substr(after_type), origin_);
  if (!rdata) return wrong(rdata.error().what, after_type + rdata.error().column);
  if (!zone_.add({*owner_, *type, class_, *ttl, *std::move(rdata)}))
    return wrong(fmt::format("{} has a CNAME and other data", owner_->to_string()), 0);
  return {};
}

}  // namespace

std::expected<void, std::string> Zone::read(std::string_view text, std::string_view file) {
  ZoneReader reader(*this);
  std::size_t line = 1;
  while (!text.empty()) {
    const auto entry = next_entry(text, line);
    if (!entry)
      return std::unexpected(fmt::format("{}:{}: {}", file, entry.error().line, entry.error().what));
    const auto read = reader.entry(entry->text);
    if (read) continue;
    const std::string_view before = std::string_view(entry->text).substr(0, read.error().column);
    const auto further = static_cast<std::size_t>(std::ranges::count(before, '\n'));
    return std::unexpected(fmt::format("{}:{}: {}", file, entry->line + further, read.error().what));
  }
  return {};
}

std::expected<Zone, std::string> load_zones(std::span<const std::string> files) {
  Zone zone;
  for (const std::string& file : files) {
    std::ifstream stream(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    if (!stream.is_open() || stream.bad()) return std::unexpected(fmt::format("{}: cannot be read", file));
    if (const auto read = zone.read(text, file); !read) return std::unexpected(read.error());
  }
  return zone;
}

}  // namespace lab
