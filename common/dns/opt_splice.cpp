#include "common/dns/opt_splice.h"

#include <algorithm>

#include "common/dns/codes.h"
#include "common/dns/edns.h"
#include "common/dns/message.h"

namespace dns {
namespace {

constexpr std::size_t kOptFixed = 11;     // owner, type, size, ttl, rdlength
constexpr std::size_t kOptionHeader = 4;  // code, length
constexpr std::size_t kArcountOffset = 10;

bool is_hop_option(std::uint16_t code) {
  return code == option::COOKIE || code == option::KEEPALIVE || code == option::PADDING;
}

void append_u16(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

void put_u16(Bytes& out, std::size_t at, std::size_t value) {
  out[at] = static_cast<std::uint8_t>(value >> 8);
  out[at + 1] = static_cast<std::uint8_t>(value);
}

void append(Bytes& out, ByteView octets) {
  out.insert(out.end(), octets.begin(), octets.end());
}

// Calls `visit(code, whole option)` for each; inspect() has checked that they fill the RDATA.
template <typename Visit>
void for_each_option(const MessageView& message, Visit visit) {
  WireReader reader(message.bytes.first(message.opt->end));
  reader.bytes(message.opt->rdata_offset);
  while (!reader.at_end()) {
    const std::size_t start = reader.offset();
    const std::uint16_t code = reader.u16();
    reader.bytes(reader.u16());
    visit(code, message.bytes.subspan(start, reader.offset() - start));
  }
}

void put_in(const OptSplice& splice, Bytes& out) {
  const bool asks = splice.keepalive == kAskKeepalive;
  if (splice.keepalive && out.size() + kOptionHeader + (asks ? 0 : 2) <= splice.limit) {
    append_u16(out, option::KEEPALIVE);
    append_u16(out, asks ? 0 : 2);
    if (!asks) append_u16(out, *splice.keepalive);
  }
  const std::size_t bare = out.size() + kOptionHeader;
  if (splice.pad_to == 0 || bare > splice.limit) return;
  // Padding to the limit itself, where the block would pass it, still tells less than no padding.
  const std::size_t padding = std::min(padding_length(bare, splice.pad_to), splice.limit - bare);
  append_u16(out, option::PADDING);
  append_u16(out, padding);
  out.resize(out.size() + padding);  // RFC 7830 §3: zeros
}

bool has_hop_options(const MessageView& message) {
  bool found = false;
  for_each_option(message, [&found](std::uint16_t code, ByteView) { found = found || is_hop_option(code); });
  return found;
}

// With the OPT behind all others; nullopt: their names would move and do not parse, or, written out, need
// more room than a message has.
std::optional<Bytes> with_opt_last(const MessageView& message) {
  const auto whole = decode(message.bytes);
  if (!whole) return std::nullopt;
  Bytes octets = encode(*whole);
  if (octets.size() > kLargestMessage) return std::nullopt;
  const auto view = inspect(octets);
  if (!view || !view->opt || view->opt->end != octets.size()) return std::nullopt;
  return octets;
}

}  // namespace

HopOptions hop_options(const MessageView& message) {
  HopOptions found;
  if (!message.opt) return found;
  for_each_option(message, [&found](std::uint16_t code, ByteView whole) {
    if (code == option::PADDING) found.padded = true;
    if (code != option::KEEPALIVE) return;
    found.asks_keepalive = true;
    if (whole.size() == kOptionHeader + 2)
      found.keepalive = static_cast<std::uint16_t>(whole[4] << 8 | whole[5]);
  });
  return found;
}

bool may_splice(const MessageView& message) {
  const bool opt_last = !message.opt || message.opt->end == message.bytes.size();
  return opt_last || message.is_signed || with_opt_last(message).has_value();
}

bool splice_opt(const MessageView& message, const OptSplice& splice, Bytes& out) {
  out.clear();
  if (message.is_signed || (!message.opt && !splice.add_opt)) return false;
  if (!message.opt && message.bytes.size() + kOptFixed > splice.limit) return false;
  const bool puts_in = splice.add_opt || splice.keepalive || splice.pad_to != 0;
  if (message.opt && !splice.remove_opt && !puts_in && !has_hop_options(message)) return false;
  if (message.opt && message.opt->end != message.bytes.size()) {
    const auto opt_last = with_opt_last(message);
    return opt_last && splice_opt(inspect(*opt_last).value(), splice, out);
  }

  const std::size_t start = message.opt ? message.opt->offset : message.bytes.size();
  append(out, message.bytes.first(start));
  if (splice.remove_opt) {
    put_u16(out, kArcountOffset, message.header.arcount - 1U);
    return true;
  }
  if (message.opt) {
    append(out, message.bytes.subspan(start, kOptFixed));
    for_each_option(message, [&out](std::uint16_t code, ByteView whole) {
      if (!is_hop_option(code)) append(out, whole);
    });
  } else {
    put_u16(out, kArcountOffset, message.header.arcount + 1U);
    WireWriter opt;
    encode_edns(Edns{}, opt);
    append(out, opt.take());
  }
  put_in(splice, out);
  put_u16(out, start + kOptFixed - 2, out.size() - start - kOptFixed);
  return true;
}

}  // namespace dns
