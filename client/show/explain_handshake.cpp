#include "client/show/explain_handshake.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <span>

#include "client/show/escape.h"
#include "client/show/handshake_names.h"
#include "client/show/hex.h"
#include "client/show/key_exchange.h"
#include "client/show/tls_words.h"
#include "common/dns/wire_reader.h"
#include "common/tls/codes.h"

namespace client {
namespace {

namespace handshake = tls::handshake;
using dns::WireReader;  // TLS is big-endian too, and as full of lengths
using Lines = std::vector<std::string>;

struct Purpose {
  std::uint8_t code;
  std::string_view words;
  std::string_view tls13, tls12;  // the RFC and its section; empty: that version has no such message
};

constexpr Purpose kPurposes[] = {
    {handshake::kClientHello, "what the client supports; the server chooses", "8446 4.1.2", "5246 7.4.1.2"},
    {handshake::kServerHello, "what the server has chosen", "8446 4.1.3", "5246 7.4.1.3"},
    {handshake::kNewSessionTicket, "lets the next connection skip the certificate", "8446 4.6.1", "5077 3.3"},
    {handshake::kEncryptedExtensions, "more choices of the server, encrypted", "8446 4.3.1", ""},
    {handshake::kCertificate, "who this is, and who vouches for it", "8446 4.4.2", "5246 7.4.2"},
    {handshake::kServerKeyExchange, "an ephemeral public key, signed", "", "5246 7.4.3"},
    {handshake::kCertificateRequest, "asks the client for a certificate as well", "8446 4.3.2", "5246 7.4.4"},
    {handshake::kServerHelloDone, "the client is next", "", "5246 7.4.5"},
    {handshake::kCertificateVerify, "a signature: its sender has the certificate's private key", "8446 4.4.3",
     "5246 7.4.8"},
    {handshake::kClientKeyExchange, "with ECDHE, our ephemeral public key", "", "5246 7.4.7"},
    {handshake::kFinished, "a MAC of all messages so far: nobody has changed them", "8446 4.4.4",
     "5246 7.4.9"},
    {handshake::kCertificateStatus, "what the CA says of the certificate today", "", "6066 8"},
    {handshake::kKeyUpdate, "a new key from here on", "8446 4.6.3", ""},
    {handshake::kCompressedCertificate, "who this is, and who vouches for it, compressed", "8879 4", ""},
};

std::size_t u24(WireReader& reader) {
  const std::size_t high = reader.u8();
  return high << 16 | reader.u16();
}

std::string text_of(ByteView octets) {
  return printable({reinterpret_cast<const char*>(octets.data()), octets.size()});
}

std::string server_name(WireReader body) {
  if (body.remaining() == 0) return "taken note of";  // the server's, RFC 6066 §3
  body.u16();
  body.u8();  // host_name, the only kind there is
  return text_of(body.bytes(body.u16()));
}

std::string protocols(WireReader body) {
  Lines names;
  WireReader list = body.window(body.u16());
  while (!list.at_end()) names.push_back(text_of(list.bytes(list.u8())));
  return fmt::format("{}", fmt::join(names, ", "));
}

// RFC 8446 §4.2.8: a list from the client, one from the server, and in a HelloRetryRequest a group alone.
std::string key_shares(WireReader body, bool from_client) {
  if (from_client) body.u16();
  Lines shares;
  while (!body.at_end()) {
    const std::uint16_t group = body.u16();
    if (body.at_end() && !from_client) return group_name(group) + ", please";
    shares.push_back(share_text(group, body.bytes(body.u16()).size(), from_client));
  }
  return fmt::format("{}", fmt::join(shares, "; "));
}

// One message's lines. With `all` no list is cut short, and each line ends with its RFC.
class Contents {
 public:
  Contents(ByteView message, bool tls13, bool all)
      : reader_(message), tls13_(tls13), all_(all), retry_(is_hello_retry(message)) {
    type_ = reader_.u8();
    const std::size_t length = u24(reader_);
    if (all_ && reader_.ok())
      say(fmt::format("before it: its type, {}, and its length, {}, in 4 octets", type_, length), "8446 4",
          "5246 7.4");
    tell();
    if (!reader_.ok()) lines_.emplace_back("and then it makes no sense");
  }

  Lines take() { return std::move(lines_); }

 private:
  void say(std::string line, std::string_view rfc13, std::string_view rfc12) {
    const std::string_view rfc = tls13_ ? rfc13 : rfc12;
    if (all_ && !rfc.empty()) line += fmt::format(" [RFC {}]", rfc);
    lines_.push_back(std::move(line));
  }

  void tell() {
    switch (type_) {
      case handshake::kClientHello:
      case handshake::kServerHello:
        return hello(type_ == handshake::kClientHello);
      case handshake::kEncryptedExtensions:
        return extensions(false);
      case handshake::kCertificate:
        return certificates();
      case handshake::kCompressedCertificate: {
        const std::string algorithm = compression_name(reader_.u16());
        return say(fmt::format("algorithm: {}, of {} octets", algorithm, u24(reader_)), "8879 4", "");
      }
      case handshake::kServerKeyExchange:
        if (reader_.u8() != 3) return;  // named_curve, RFC 8422 §5.4
        say("group: " + group_name(reader_.u16()), "", "8422 5.4");
        if (!all_ || !reader_.ok()) return;
        say(fmt::format("public key: {} octets", reader_.bytes(reader_.u8()).size()), "", "8422 5.4");
        return signature("", "8422 5.4");
      case handshake::kClientKeyExchange:
        if (const std::size_t octets = reader_.u8(); all_ && octets == reader_.remaining())  // else by RSA
          say(fmt::format("public key: {} octets", octets), "", "8422 5.7");
        return;
      case handshake::kCertificateVerify:
        return signature("8446 4.4.3", "5246 7.4.8");
      case handshake::kNewSessionTicket:
        return ticket();
      case handshake::kFinished:
        if (all_) say(fmt::format("verify_data: {} octets", reader_.remaining()), "8446 4.4.4", "5246 7.4.9");
        return;
      default:
        return;
    }
  }

  void hello(bool from_client) {
    const std::string_view rfc13 = from_client ? "8446 4.1.2" : "8446 4.1.3";
    const std::string_view rfc12 = from_client ? "5246 7.4.1.2" : "5246 7.4.1.3";
    say("legacy_version: " + version_name(reader_.u16()), rfc13, rfc12);
    const ByteView random = reader_.bytes(32);
    say(retry_ ? "random: the value that means HelloRetryRequest"
        : all_ ? "random: " + hex_line(random)
               : "random: 32 octets",
        rfc13, rfc12);
    if (const ByteView session = reader_.bytes(reader_.u8()); !session.empty())
      say(all_ ? "session_id: " + hex_line(session) : fmt::format("session_id: {} octets", session.size()),
          rfc13, rfc12);
    const ByteView suites = reader_.bytes(from_client ? reader_.u16() : 2);
    say("cipher suites: " + names_of(suite_name, suites), "8446 B.4", "5246 7.4.1.2");
    if (all_ && !from_client && suites.size() == 2)
      for (std::string& part : suite_parts(suite_name(dns::WireReader(suites).u16())))
        lines_.push_back("   " + std::move(part));
    const std::size_t methods = reader_.bytes(from_client ? reader_.u8() : 1).size();
    if (all_)  // none since RFC 8446
      say(fmt::format("compression methods: {}, the first of them null", methods), rfc13, rfc12);
    extensions(from_client);
  }

  void extensions(bool from_client) {
    if (reader_.at_end()) return;
    WireReader list = reader_.window(reader_.u16());
    while (!list.at_end()) {
      const std::uint16_t code = list.u16();
      const WireReader body = list.window(list.u16());
      if (!list.ok()) continue;
      const std::size_t octets = body.remaining();
      const std::string size = all_ ? fmt::format(" ({}, {} octets)", code, octets) : "";
      const std::string_view rfc = extension_rfc(code);
      say(fmt::format("{}{}: {}", extension_name(code), size, extension_text(code, body, from_client)), rfc,
          rfc);
    }
    reader_.close(list);
  }

  // TLS 1.3 puts a context before the list and extensions after each certificate (RFC 8446 §4.4.2, RFC 5246
  // §7.4.2).
  void certificates() {
    WireReader peek = reader_;
    const std::size_t length = u24(peek);
    const bool tls13 = length != peek.remaining();
    if (tls13) reader_.bytes(reader_.u8());
    WireReader list = reader_.window(u24(reader_));
    std::vector<std::size_t> sizes;
    while (!list.at_end()) {
      const std::size_t size = list.bytes(u24(list)).size();
      if (tls13) list.bytes(list.u16());
      if (list.ok()) sizes.push_back(size);
    }
    say(sizes.empty() ? "no certificate" : fmt::format("certificates: {} octets", fmt::join(sizes, ", ")),
        "8446 4.4.2", "5246 7.4.2");
  }

  void signature(std::string_view rfc13, std::string_view rfc12) {
    std::string line = "signature: " + scheme_name(reader_.u16());
    if (all_) line += fmt::format(", {} octets", reader_.bytes(reader_.u16()).size());
    say(std::move(line), rfc13, rfc12);
  }

  // RFC 5077 has no more than the lifetime and the ticket.
  void ticket() {
    say(fmt::format("lifetime: {} s", reader_.u32()), "8446 4.6.1", "5077 3.3");
    if (!all_) return;
    if (tls13_) {
      say(fmt::format("age_add: {} ms, which hides the ticket's age", reader_.u32()), "8446 4.6.1", "");
      say(fmt::format("nonce: {} octets", reader_.bytes(reader_.u8()).size()), "8446 4.6.1", "");
    }
    say(fmt::format("ticket: {} octets", reader_.u16()), "8446 4.6.1", "5077 3.3");
  }

  static std::string hex_line(ByteView octets) { return fmt::format("{}", fmt::join(hex_rows(octets), " ")); }

  // A list of codes by name, each of `width` octets: some of them, and how many more there are.
  template <typename Name>
  std::string names_of(Name name, ByteView codes, std::size_t width = 2) const {
    constexpr std::size_t kShown = 5;
    Lines names;
    WireReader reader(codes);
    while (reader.remaining() >= width && (all_ || names.size() < kShown))
      names.push_back(name(width == 2 ? reader.u16() : reader.u8()));
    const std::size_t more = reader.remaining() / width;
    return fmt::format("{}{}", fmt::join(names, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
  }

  std::string extension_text(std::uint16_t code, WireReader body, bool from_client) const {
    switch (code) {
      case extension::kServerName:
        return server_name(body);
      case extension::kAlpn:
        return protocols(body);
      case extension::kKeyShare:
        return key_shares(body, from_client);
      case extension::kSupportedVersions:
        if (from_client) body.u8();  // the list's length; the server's is one version
        return names_of(version_name, body.rest());
      case extension::kSupportedGroups:
        body.u16();
        return names_of(group_name, body.rest());
      case extension::kSignatureAlgorithms:
        body.u16();
        return names_of(scheme_name, body.rest());
      case extension::kPreSharedKey:
        return from_client ? "a ticket of an earlier connection"
                           : "the ticket is accepted: no certificate follows";
      case extension::kPskModes:
      case extension::kPointFormats:
        if (!all_) break;
        body.u8();  // the list's length
        return names_of(code == extension::kPskModes ? psk_mode_name : point_format_name, body.rest(), 1);
      default:
        break;
    }
    return body.remaining() == 0   ? "empty"
           : body.remaining() == 1 ? "1 octet"
                                   : fmt::format("{} octets", body.remaining());
  }

  WireReader reader_;
  bool tls13_, all_, retry_;
  std::uint8_t type_ = 0;
  Lines lines_;
};

}  // namespace

std::string handshake_purpose(ByteView message, bool tls13) {
  if (message.empty()) return {};
  if (is_hello_retry(message))
    return "once more, please: with a key for the group that it names, one more round trip [RFC 8446 4.1.4]";
  const auto* const found = std::ranges::find(kPurposes, message[0], &Purpose::code);
  if (found == std::end(kPurposes)) return {};
  const std::string_view section = tls13 ? found->tls13 : found->tls12;
  return section.empty() ? std::string(found->words) : fmt::format("{} [RFC {}]", found->words, section);
}

std::vector<std::string> handshake_contents(ByteView message, bool tls13, bool all) {
  return Contents(message, tls13, all).take();
}

}  // namespace client
