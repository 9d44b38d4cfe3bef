// The OPT record spliced: whatever the octets, what comes out is a whole message with the same question,
// without the hop's options but those put in, within its limit; and a signed message is never touched.
#include "common/dns/codes.h"
#include "common/dns/name.h"
#include "common/dns/opt_splice.h"
#include "tests/fuzz/count_of.h"

using fuzz::claim;

namespace {

dns::OptSplice splice_by(fuzz::Script& script) {
  dns::OptSplice splice;
  const unsigned flags = script.octet();
  splice.add_opt = (flags & 1) != 0;
  splice.remove_opt = !splice.add_opt && (flags & 2) != 0;  // one or the other
  if ((flags & 4) != 0) splice.keepalive = (flags & 8) != 0 ? dns::kAskKeepalive : std::uint16_t{100};
  if ((flags & 16) != 0) splice.pad_to = (flags & 32) != 0 ? 468 : 128;
  if ((flags & 64) != 0) splice.limit = script.u16();
  return splice;
}

void check_options(const dns::MessageView& view, const dns::OptSplice& splice) {
  const dns::HopOptions options = dns::hop_options(view);
  claim(fuzz::count_of(view, dns::option::COOKIE) == 0);
  claim(fuzz::count_of(view, dns::option::KEEPALIVE) <= (splice.keepalive ? 1 : 0));
  claim(fuzz::count_of(view, dns::option::PADDING) <= (splice.pad_to != 0 ? 1 : 0));
  claim(options.padded == (fuzz::count_of(view, dns::option::PADDING) == 1));
  if (splice.keepalive == dns::kAskKeepalive) claim(!options.keepalive);
  if (options.keepalive) claim(options.keepalive == splice.keepalive);
  if (options.padded) claim(view.bytes.size() % splice.pad_to == 0 || view.bytes.size() == splice.limit);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Script script(data, size);
  const dns::OptSplice splice = splice_by(script);
  const ByteView wire = script.rest();
  const auto view = dns::inspect(wire);
  if (!view) return 0;

  Bytes spliced(3, 0xff);
  const bool changed = dns::splice_opt(*view, splice, spliced);
  if (!changed) {
    claim(spliced.empty());
    return 0;
  }
  claim(!view->is_signed && (view->opt.has_value() || splice.add_opt));
  const bool opt_last = !view->opt || view->opt->end == wire.size();
  claim(opt_last || dns::may_splice(*view));  // who asks may_splice() first is never told a lie
  const auto after = dns::inspect(spliced);
  claim(after.has_value());
  claim(spliced.size() <= std::max(wire.size(), splice.limit) || !opt_last);
  dns::Header header = after->header;
  header.arcount = view->header.arcount;
  claim(header == view->header);
  claim(dns::equal_ignoring_case(after->question, view->question));
  claim(after->opt.has_value() == !(view->opt && splice.remove_opt));
  if (after->opt) check_options(*after, splice);
  // Every octet before the OPT, but ARCOUNT's two, is what it was.
  if (opt_last) {
    const std::size_t kept = view->opt ? view->opt->offset : wire.size();
    claim(std::ranges::equal(wire.first(10), ByteView(spliced).first(10)));
    claim(std::ranges::equal(wire.subspan(12, kept - 12), ByteView(spliced).subspan(12, kept - 12)));
  }
  // Spliced once more, it is the same; and an OPT that was put in can be taken out without a trace.
  Bytes twice;
  if (after->opt && dns::splice_opt(*after, splice, twice)) claim(twice == spliced);
  if (view->opt || !splice.add_opt) return 0;
  dns::OptSplice without;
  without.remove_opt = true;
  claim(dns::splice_opt(*after, without, twice));
  claim(std::ranges::equal(twice, wire));
  return 0;
}
