#include "client/show/explain_record.h"

#include <algorithm>
#include <fmt/format.h>

#include "client/show/handshake_names.h"
#include "client/show/sealing.h"
#include "client/show/tls_words.h"
#include "common/tls/codes.h"

namespace client {
namespace {

constexpr std::size_t kHeader = 5;

// Behind such a message its sender goes on with other keys (RFC 8446 §4.4.4, §4.6.3).
bool changes_keys(const WireEvent* event) {
  return event->kind == WireEvent::Kind::handshake && !event->octets.empty() &&
         (event->octets[0] == tls::handshake::kFinished || event->octets[0] == tls::handshake::kKeyUpdate);
}

std::string header_line(const Step& record, bool tls13) {
  return fmt::format("header: {:02x} {:02x} {:02x} {:02x} {:02x}, type {}, version {}, length {} [RFC {}]",
                     record.content, record.version >> 8, record.version & 0xff,
                     (record.octets - kHeader) >> 8, (record.octets - kHeader) & 0xff, record.content,
                     version_name(record.version), record.octets - kHeader,
                     tls13 ? "8446 5.1" : "5246 6.2.1");
}

std::string layers_line(const Step& record, const Sealing& sealing, bool tls13) {
  std::string line = fmt::format("layers: {} of header", kHeader);
  if (sealing.nonce > 0) line += fmt::format(" + {} of nonce", sealing.nonce);
  line += fmt::format(" + {} of content", record.octets - kHeader - sealing.total());
  if (sealing.inner_type > 0) line += fmt::format(" + {} of inner type", sealing.inner_type);
  return line + fmt::format(" + {} of tag = {} octets [RFC {}]", sealing.tag, record.octets,
                            tls13 ? "8446 5.2" : "5246 6.2.3.3");
}

}  // namespace

std::vector<std::string> RecordCount::lines(const Step& record, bool tls13) {
  std::vector<std::string> lines;
  if (record.octets < kHeader) return lines;  // it came in part
  lines.push_back(header_line(record, tls13));
  if (!record.encrypted) return lines;
  const Sealing sealing = sealing_of(connection_);
  if (sealing.known && record.octets >= kHeader + sealing.total())
    lines.push_back(layers_line(record, sealing, tls13));
  lines.push_back(key_line(record, tls13));
  return lines;
}

std::string RecordCount::key_line(const Step& record, bool tls13) {
  Side& side = sides_[record.sent ? 1 : 0];
  const std::string_view whose = record.sent ? "client" : "server";
  const std::uint64_t number = side.number++;
  const unsigned keys = side.keys;
  if (tls13 && std::ranges::any_of(record.inside, changes_keys)) side = {.keys = keys + 1, .number = 0};
  if (!tls13)
    return fmt::format("sealed with the {}'s write key, sequence number {} [RFC 5246 6.1]", whose, number);
  const std::string_view kind = keys == 0 ? "handshake key" : keys == 1 ? "application key" : "updated key";
  return fmt::format(
      "sealed with the {}'s {}, sequence number {}: with the IV, it is the nonce [RFC 8446 5.3]", whose, kind,
      number);
}

}  // namespace client
