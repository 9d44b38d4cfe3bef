#include "common/dns/name.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <iterator>
#include <optional>

#include "common/dns/header.h"

namespace dns {
namespace {

// A name has at most 127 labels, so more pointers than that are of no use to anyone but the author of a
// message made to keep us busy: 16 kB of pointers to pointers, walked again for each of thousands of records.
constexpr int kMaxPointers = 127;

constexpr unsigned kLabelType = 0xc0;  // the upper two bits of a length octet: 00 label, 11 pointer
constexpr unsigned kPointer = 0xc0;

// Walks the name at the reader's cursor, hands each label with its length octet to `on_label`, the offset and
// the target of each pointer to `on_pointer`, and moves past the name; the final zero octet is not handed
// over. On an error the reader stays where it is.
//
// A name is read in pieces: the first lies at the cursor, each further one where a pointer said. A pointer
// must name a prior occurrence: a piece that lies as a whole before the one it ends, so there is no loop, and
// no name is made of octets behind it, which may change (the OPT record's do). Nor may it point into the
// header, which holds no names: a name made of the ID would change with it.
template <typename OnLabel, typename OnPointer>
void walk_name(WireReader& reader, OnLabel on_label, OnPointer on_pointer) {
  const ByteView message = reader.message();
  const std::size_t start = reader.offset();
  std::size_t limit = start + reader.remaining();  // the piece must end before it
  std::size_t pointer = 0;                         // that named the piece
  std::size_t piece = start;
  std::size_t at = start;
  std::size_t in_place = 0;  // octets at the cursor, known once a pointer is met
  std::size_t length = 1;    // of the name written out; the 1 is the root's octet
  int pointers = 0;
  const auto crosses_limit = [&](std::size_t wanted) {
    if (pointer != 0) return reader.fail_at(pointer, WireFault::bad_pointer, limit, piece);
    reader.fail_at(at, WireFault::truncated, wanted, limit - at);
  };
  for (;;) {
    if (at >= limit) return crosses_limit(1);
    const std::uint8_t octet = message[at];
    if (octet == 0) break;
    if ((octet & kLabelType) == kPointer) {
      if (limit - at < 2) return crosses_limit(2);
      const std::size_t target = (octet & ~kLabelType) << 8 | message[at + 1];
      if (target >= piece || target < kHeaderSize || ++pointers > kMaxPointers)
        return reader.fail_at(at, WireFault::bad_pointer, piece, target);
      on_pointer(at, target);
      if (in_place == 0) in_place = at + 2 - start;
      limit = piece;
      pointer = at;
      piece = at = target;
      continue;
    }
    if ((octet & kLabelType) != 0) return reader.fail_at(at, WireFault::bad_label_type, 0, octet);
    const std::size_t label = 1u + octet;
    if (limit - at < label) return crosses_limit(label);
    length += label;
    if (length > kMaxName) return reader.fail_at(start, WireFault::name_too_long, kMaxName, length);
    on_label(message.subspan(at, label));
    at += label;
  }
  reader.bytes(in_place != 0 ? in_place : at + 1 - start);
}

std::uint8_t fold(std::uint8_t octet) {  // the length octets of labels are below 'A' and stay as they are
  return octet >= 'A' && octet <= 'Z' ? static_cast<std::uint8_t>(octet + ('a' - 'A')) : octet;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// One character of a label, or one escape, taken off `text` at `at` (RFC 1035 §5.1).
std::expected<std::uint8_t, TextError> parse_octet(std::string_view text, std::size_t& at) {
  const std::size_t column = at;
  if (text[at] != '\\') return static_cast<std::uint8_t>(text[at++]);
  ++at;
  if (at == text.size()) return std::unexpected(TextError{"nothing after the last backslash", column});
  if (!is_digit(text[at])) return static_cast<std::uint8_t>(text[at++]);
  if (text.size() - at < 3 || !is_digit(text[at + 1]) || !is_digit(text[at + 2]))
    return std::unexpected(TextError{"escape without its three digits", column});
  const int value = (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
  if (value > 255) return std::unexpected(TextError{"escape above \\255", column});
  at += 3;
  return static_cast<std::uint8_t>(value);
}

void append_escaped(std::string& text, std::uint8_t octet) {
  constexpr std::string_view kSpecial = "\"$().;@\\";
  if (octet <= ' ' || octet >= 0x7f) {
    fmt::format_to(std::back_inserter(text), "\\{:03}", octet);
    return;
  }
  const char c = static_cast<char>(octet);
  if (kSpecial.find(c) != std::string_view::npos) text += '\\';
  text += c;
}

// Labels, and the root's octet if `wire` has it, as text: without octets the empty text.
std::string labels_text(ByteView wire) {
  if (!wire.empty() && wire[0] == 0) return ".";
  std::string text;
  for (std::size_t at = 0; at < wire.size() && wire[at] != 0; at += 1u + wire[at]) {
    for (const std::uint8_t octet : wire.subspan(at + 1, wire[at])) append_escaped(text, octet);
    text += '.';
  }
  return text;
}

struct PointerSeen {
  std::size_t at;
  std::size_t target;
  std::size_t labels_before;  // octets of the labels that stand before it
};

// The parts of a name that stands at `start`: `wire` are the octets it was found to have, written out. Not
// `whole`: an error ended it, and neither the pointer nor the root is vouched for.
std::vector<NamePart> parts_of(ByteView wire, std::size_t start, const std::optional<PointerSeen>& pointer,
                               bool whole) {
  std::vector<NamePart> parts;
  const std::size_t labels = pointer ? pointer->labels_before : wire.size() - (whole ? 1 : 0);
  for (std::size_t at = 0; at < labels; at += 1u + wire[at]) {
    const std::size_t length = 1u + wire[at];
    std::string text = labels_text(wire.subspan(at, length));
    text.pop_back();  // the dot
    parts.push_back({NamePart::Kind::label, start + at, length, std::move(text)});
  }
  if (!whole) return parts;
  const ByteView rest = wire.subspan(labels);
  if (!pointer)
    parts.push_back({NamePart::Kind::root, start + labels, 1, "."});
  else
    parts.push_back({NamePart::Kind::pointer, pointer->at, 2, labels_text(rest), pointer->target,
                     rest.size() < 2 ? 0 : rest.size() - 2});
  return parts;
}

}  // namespace

std::expected<Name, TextError> Name::parse(std::string_view text, const Name& origin) {
  if (text.empty()) return std::unexpected(TextError{"empty name", 0});
  if (text == "@") return origin;
  if (text == ".") return Name();
  Name name;
  name.wire_.clear();
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t column = at;
    const std::size_t length_at = name.wire_.size();
    name.wire_.push_back(0);
    while (at < text.size() && text[at] != '.') {
      const auto octet = parse_octet(text, at);
      if (!octet) return std::unexpected(octet.error());
      name.wire_.push_back(*octet);
    }
    const std::size_t label = name.wire_.size() - length_at - 1;
    if (label == 0) return std::unexpected(TextError{"empty label", column});
    if (label > kMaxLabel) return std::unexpected(TextError{"label longer than 63 octets", column});
    name.wire_[length_at] = static_cast<std::uint8_t>(label);
    if (at == text.size()) {  // no final dot
      name.wire_.push_back(0);
      return name.below(origin);
    }
    ++at;  // the dot
  }
  name.wire_.push_back(0);
  return name.below(Name());
}

Name Name::decode(WireReader& reader, std::vector<NamePart>* parts) {
  std::array<std::uint8_t, kMaxName> octets{};
  auto end = octets.begin();
  const std::size_t start = reader.offset();
  std::optional<PointerSeen> pointer;  // the first, which ends what stands here
  walk_name(
      reader, [&end](ByteView label) { end = std::ranges::copy(label, end).out; },
      [&](std::size_t at, std::size_t target) {
        if (!pointer) pointer = {at, target, static_cast<std::size_t>(end - octets.begin())};
      });
  Name name;
  if (reader.ok()) {
    *end++ = 0;
    name.wire_.assign(octets.begin(), end);
  }
  if (parts != nullptr) *parts = parts_of({octets.begin(), end}, start, pointer, reader.ok());
  return name;
}

void skip_name(WireReader& reader) {
  walk_name(
      reader, [](ByteView) {}, [](std::size_t, std::size_t) {});
}

std::size_t Name::label_count() const {
  std::size_t count = 0;
  for (std::size_t at = 0; wire_[at] != 0; at += 1u + wire_[at]) ++count;
  return count;
}

bool Name::is_within(const Name& ancestor) const {
  if (ancestor.wire_.size() > wire_.size()) return false;
  const std::size_t tail = wire_.size() - ancestor.wire_.size();
  std::size_t at = 0;
  while (at < tail) at += 1u + wire_[at];
  // Only where a label begins: "badexample." does not lie within "example.".
  return at == tail && equal_ignoring_case(wire().subspan(tail), ancestor.wire());
}

Name Name::parent() const {
  Name name;
  if (!is_root()) name.wire_.assign(wire_.begin() + 1 + wire_[0], wire_.end());
  return name;
}

std::expected<Name, TextError> Name::below(const Name& suffix) const {
  const std::size_t labels = wire_.size() - 1;
  if (labels + suffix.wire_.size() > kMaxName)
    return std::unexpected(TextError{"name longer than 255 octets", 0});
  Name name;
  name.wire_.assign(wire_.begin(), wire_.end() - 1);
  name.wire_.insert(name.wire_.end(), suffix.wire_.begin(), suffix.wire_.end());
  return name;
}

std::string Name::to_string() const {
  return labels_text(wire_);
}

bool operator==(const Name& a, const Name& b) {
  return equal_ignoring_case(a.wire_, b.wire_);
}

bool equal_ignoring_case(ByteView a, ByteView b) {
  return std::ranges::equal(a, b, {}, fold, fold);
}

}  // namespace dns
