#include "common/net/pcapng.h"

namespace net::pcapng {
namespace {

// §4.1 to §4.7: block types.
constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a;
constexpr std::uint32_t kInterfaceDescription = 1;
constexpr std::uint32_t kEnhancedPacket = 6;
constexpr std::uint32_t kDecryptionSecrets = 10;

constexpr std::uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr std::uint32_t kTlsKeyLog = 0x544c534b;  // "TLSK"
constexpr std::uint16_t kLinkTypeRaw = 101;       // IPv4 or IPv6, as the packet's version says
constexpr std::uint16_t kEndOfOptions = 0;
constexpr std::uint16_t kComment = 1;
constexpr std::uint16_t kUserApplication = 4;
constexpr std::uint16_t kTimeResolution = 9;
constexpr std::uint8_t kNanoseconds = 9;  // 10^-9 s

// A block: type, total length, body, total length again (§3.1). Everything little-endian, as the magic number
// tells, and filled up to 32 bits.
class Block {
 public:
  explicit Block(std::uint32_t type) {
    number(type);
    number(std::uint32_t{0});
  }

  template <typename Number>
  Block& number(Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i)
      octets_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    return *this;
  }

  Block& padded(ByteView octets) {
    octets_.insert(octets_.end(), octets.begin(), octets.end());
    octets_.resize((octets_.size() + 3) / 4 * 4);
    return *this;
  }

  Block& option(std::uint16_t code, ByteView value) {  // §3.5
    return number(code).number(static_cast<std::uint16_t>(value.size())).padded(value);
  }

  Bytes end() {
    const auto length = static_cast<std::uint32_t>(octets_.size() + sizeof(std::uint32_t));
    number(length);
    for (std::size_t i = 0; i < sizeof length; ++i)
      octets_[4 + i] = static_cast<std::uint8_t>(length >> (8 * i));
    return std::move(octets_);
  }

 private:
  Bytes octets_;
};

ByteView octets_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

Bytes section_header(std::string_view program, std::string_view comment) {
  return Block(kSectionHeader)
      .number(kByteOrderMagic)
      .number(std::uint16_t{1})  // version 1.0
      .number(std::uint16_t{0})
      .number(~std::uint64_t{0})  // the section's length is not said
      .option(kUserApplication, octets_of(program))
      .option(kComment, octets_of(comment))
      .option(kEndOfOptions, {})
      .end();
}

Bytes interface_description() {
  return Block(kInterfaceDescription)
      .number(kLinkTypeRaw)
      .number(std::uint16_t{0})  // reserved
      .number(std::uint32_t{0})  // packets are never cut
      .option(kTimeResolution, {&kNanoseconds, 1})
      .option(kEndOfOptions, {})
      .end();
}

Bytes decryption_secrets(std::string_view key_log) {
  return Block(kDecryptionSecrets)
      .number(kTlsKeyLog)
      .number(static_cast<std::uint32_t>(key_log.size()))
      .padded(octets_of(key_log))
      .end();
}

Bytes packet(std::chrono::system_clock::time_point when, ByteView ip_packet) {
  const auto time = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch()).count());
  const auto length = static_cast<std::uint32_t>(ip_packet.size());
  return Block(kEnhancedPacket)
      .number(std::uint32_t{0})  // the first interface
      .number(static_cast<std::uint32_t>(time >> 32))
      .number(static_cast<std::uint32_t>(time))
      .number(length)  // octets here,
      .number(length)  // and on the wire
      .padded(ip_packet)
      .end();
}

}  // namespace net::pcapng
