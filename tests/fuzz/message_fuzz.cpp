// A message: what decodes is encoded again to the same, everything of it is told to who asks for its fields,
// its text is fit for a terminal; and looking at it in place (message_view) agrees with decoding it.
#include "common/dns/message.h"
#include "common/dns/message_view.h"
#include "common/dns/presentation.h"
#include "tests/fuzz/fuzz.h"

using fuzz::claim;

namespace {

// fields.h: each octet once, without gap or overlap, in wire order.
class Tiling final : public dns::FieldSink {
 public:
  void entry(dns::Section, std::size_t index, std::size_t count) override { claim(index < count); }
  void field(const dns::WireField& field) override {
    claim(field.offset == told_);
    told_ += field.length;
    claim(fuzz::is_printable(field.value) && fuzz::is_printable(field.whole) && !field.name.empty());
    unsigned bits = 0;
    for (const dns::BitField& bit : field.bits) {
      claim(bit.value < 1U << bit.width);
      bits += bit.width;
    }
    claim(field.bits.empty() || bits == 8 * field.length);
  }
  std::size_t told() const { return told_; }

 private:
  std::size_t told_ = 0;
};

void check_round_trip(const dns::Message& message) {
  const Bytes wire = dns::encode(message);
  if (wire.size() > 65535) return;  // names that lay compressed where none may be: the caller refuses it
  const auto again = dns::decode(wire);
  claim(again.has_value() && *again == message);
  claim(dns::encode(*again) == wire);
}

void check_text(const dns::Message& message, std::size_t size) {
  const std::string text = dns::to_text(message);
  claim(fuzz::is_printable(text, "\n\t"));
  // A pointer of two octets can stand for a name of 255, and each of its octets for four characters.
  claim(text.size() <= 4096 + 1024 * size);
}

void check_view(const dns::MessageView& view, const dns::Message& message) {
  claim(view.header == message.header && view.opt.has_value() == message.edns.has_value());
  claim(view.question.empty() == message.questions.empty());
  if (view.opt) {
    claim(view.opt->offset < view.opt->rdata_offset && view.opt->rdata_offset <= view.opt->end);
    claim(view.opt->end <= view.bytes.size());
    claim(view.opt->udp_size == message.edns->udp_size && view.opt->version == message.edns->version);
  }
  if (view.question.empty()) return;
  claim(view.qtype == message.questions[0].type && view.qclass == message.questions[0].klass);
  // It is the answer to itself, were it one.
  Bytes answer(view.bytes.begin(), view.bytes.end());
  answer[2] |= 0x80;
  const auto answer_view = dns::inspect(answer);
  claim(answer_view && dns::answers(*answer_view, view));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView wire(data, size);
  Tiling tiling;
  const auto message = dns::decode(wire, &tiling);
  claim(tiling.told() <= size);
  const auto plain = dns::decode(wire);
  const auto view = dns::inspect(wire);
  claim(plain.has_value() == message.has_value());
  if (!message) {
    claim(message.error().offset <= size && fuzz::is_printable(dns::to_string(message.error())));
    claim(view.has_value() || view.error().offset <= size);
    return 0;
  }
  claim(tiling.told() == size && *plain == *message);
  claim(view.has_value());  // it looks less closely, never more
  check_view(*view, *message);
  check_round_trip(*message);
  check_text(*message, size);
  return 0;
}
