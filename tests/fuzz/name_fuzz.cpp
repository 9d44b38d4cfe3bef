// A name: from the wire (the first octet says where in the rest it begins) and from text; its text makes the
// same name again, octet for octet.
#include "common/dns/name.h"
#include "tests/fuzz/fuzz.h"

using dns::Name;
using fuzz::claim;

namespace {

void check_name(const Name& name) {
  claim(name.wire().size() <= dns::kMaxName && name.label_count() <= 127);
  const std::string text = name.to_string();
  claim(fuzz::is_printable(text) && text.ends_with('.'));
  const auto again = Name::parse(text);
  claim(again.has_value() && std::ranges::equal(again->wire(), name.wire()));

  std::size_t labels = 0;
  Name ancestor = name;
  for (; !ancestor.is_root(); ancestor = ancestor.parent()) {
    claim(name.is_within(ancestor) && ancestor.is_within(ancestor.parent()));
    claim(!ancestor.parent().is_within(ancestor));
    ++labels;
  }
  claim(labels == name.label_count());
  claim(name.below(Name()).value() == name && Name().below(name).value() == name);
  if (const auto twice = name.below(name))
    claim(twice->label_count() == 2 * labels && twice->is_within(name));
  else
    claim(2 * name.wire().size() - 1 > dns::kMaxName);
}

void check_parts(const std::vector<dns::NamePart>& parts, std::size_t start, std::size_t end, bool whole) {
  for (const dns::NamePart& part : parts) {
    claim(part.offset == start && part.length > 0);
    claim(fuzz::is_printable(part.text));
    if (part.kind == dns::NamePart::Kind::pointer) claim(part.target < part.offset && part.length == 2);
    start += part.length;
  }
  if (whole) claim(start == end);
}

void check_wire(fuzz::Script script) {
  const std::size_t offset = script.octet();
  const ByteView wire = script.rest();
  dns::WireReader reader(wire), skipping(wire), plain(wire);
  for (dns::WireReader* one : {&reader, &skipping, &plain}) one->bytes(offset);
  std::vector<dns::NamePart> parts;
  const Name name = Name::decode(reader, &parts);
  dns::skip_name(skipping);
  claim(std::ranges::equal(Name::decode(plain).wire(), name.wire()));
  claim(reader.ok() == skipping.ok() && reader.ok() == plain.ok());
  claim(reader.offset() == skipping.offset() && reader.offset() == plain.offset());
  claim(reader.offset() <= wire.size());
  if (!reader.ok()) claim(name.is_root() && reader.error().fault == skipping.error().fault);
  check_parts(parts, offset, reader.offset(), reader.ok());
  if (reader.ok()) check_name(name);
}

void check_text(std::string_view text) {
  const Name origin = Name::parse("sub.example.").value();
  const auto name = Name::parse(text, origin);
  if (!name) {
    claim(name.error().column <= text.size() && !name.error().what.empty());
    claim(fuzz::is_printable(name.error().what));
    return;
  }
  claim(Name::parse(text).has_value());  // the root is a shorter origin
  claim(text.ends_with('.') || name->is_within(origin));
  check_name(*name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_wire({data, size});
  check_text(fuzz::as_text({data, size}));
  return 0;
}
