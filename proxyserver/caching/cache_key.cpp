#include "proxyserver/caching/cache_key.h"

#include <algorithm>
#include <bit>
#include <random>

#include "common/dns/codes.h"

namespace {

enum : std::uint8_t { kRecursion = 1, kAuthentic = 2, kUnchecked = 4, kOpt = 8, kDnssec = 16 };

// Of an OPT record, behind its owner's octet: type, size, extended rcode, version, flags (RFC 6891 §6.1.3).
constexpr std::size_t kOptFlags = 7;
constexpr std::uint8_t kDo = 0x80;  // in the first octet of the flags

// SipHash-1-3 (Aumasson, Bernstein): short inputs, and a key that keeps strangers from foreseeing it.
class SipHash {
 public:
  static std::uint64_t of(ByteView octets) {
    static const std::array<std::uint64_t, 2> key = [] {
      std::random_device random;
      const auto word = [&] { return std::uint64_t{random()} << 32 | random(); };
      return std::array{word(), word()};
    }();
    SipHash state(key);
    const std::uint64_t length = octets.size();
    for (; octets.size() >= 8; octets = octets.subspan(8)) state.take(word_of(octets.first(8)));
    state.take(word_of(octets) | length << 56);
    state.v2_ ^= 0xff;
    for (int i = 0; i < 3; ++i) state.round();
    return state.v0_ ^ state.v1_ ^ state.v2_ ^ state.v3_;
  }

 private:
  explicit SipHash(const std::array<std::uint64_t, 2>& key)
      : v0_(key[0] ^ 0x736f6d6570736575),
        v1_(key[1] ^ 0x646f72616e646f6d),
        v2_(key[0] ^ 0x6c7967656e657261),
        v3_(key[1] ^ 0x7465646279746573) {}

  static std::uint64_t word_of(ByteView octets) {
    std::uint64_t word = 0;
    for (std::size_t i = octets.size(); i-- > 0;) word = word << 8 | octets[i];
    return word;
  }
  void take(std::uint64_t word) {
    v3_ ^= word;
    round();
    v0_ ^= word;
  }
  void round() {
    v0_ += v1_, v1_ = std::rotl(v1_, 13) ^ v0_, v0_ = std::rotl(v0_, 32);
    v2_ += v3_, v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_, v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_, v1_ = std::rotl(v1_, 17) ^ v2_, v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_, v1_, v2_, v3_;
};

std::uint8_t lower(std::uint8_t octet) {  // a label's length is below 'A'
  return octet >= 'A' && octet <= 'Z' ? static_cast<std::uint8_t>(octet | 0x20) : octet;
}

}  // namespace

bool CacheKey::make(const dns::MessageView& query) {
  const dns::Header& header = query.header;
  if (query.is_signed || header.ancount != 0 || header.nscount != 0 ||
      header.arcount != (query.opt ? 1 : 0) || header.aa || header.tc || header.ra || header.z ||
      header.rcode != 0)
    return false;
  std::uint8_t flags = 0;
  if (header.rd) flags |= kRecursion;
  if (header.ad) flags |= kAuthentic;
  if (header.cd) flags |= kUnchecked;
  size_ = 2;
  octets_[1] = 0;
  if (query.opt) {
    const ByteView bits = query.bytes.subspan(query.opt->offset + kOptFlags, 2);
    if (query.opt->version != 0 || query.opt->extended_rcode != 0 || (bits[0] & ~kDo) != 0 || bits[1] != 0 ||
        !add_subnet(query))
      return false;
    flags |= kOpt;
    if ((bits[0] & kDo) != 0) flags |= kDnssec;
  }
  octets_[0] = flags;
  const std::size_t name = query.question.size() - kTypeAndClass;
  if (name > dns::kMaxName) return false;
  std::ranges::transform(query.question.first(name), octets_.begin() + static_cast<std::ptrdiff_t>(size_),
                         lower);
  size_ += name;
  add(query.question.subspan(name));
  hash_ = SipHash::of(octets());
  return true;
}

// inspect() has checked that the options fill the record.
bool CacheKey::add_subnet(const dns::MessageView& query) {
  dns::WireReader reader(query.bytes.first(query.opt->end));
  reader.bytes(query.opt->rdata_offset);
  while (!reader.at_end()) {
    const std::uint16_t code = reader.u16();
    const ByteView value = reader.bytes(reader.u16());
    if (code == dns::option::COOKIE || code == dns::option::KEEPALIVE || code == dns::option::PADDING)
      continue;
    if (code != dns::option::CLIENT_SUBNET || size_ > 2 || value.empty() || value.size() > kMostSubnet)
      return false;
    octets_[1] = static_cast<std::uint8_t>(value.size());
    add(value);
  }
  return true;
}

void CacheKey::add(ByteView octets) {
  std::ranges::copy(octets, octets_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += octets.size();
}

bool CacheKey::has_opt() const {
  return (octets_[0] & kOpt) != 0;
}
