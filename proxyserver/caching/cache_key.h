// What two queries must have in common for one answer to do for both:
//
//   | flags | subnet | name, in lower case | type class |
//
// flags: RD, AD and CD of the header; whether there is an OPT, and its DO bit. AD and the DNSSEC records of
// an answer depend on them (RFC 4035 §3.2, RFC 6840 §5.7). An answer has an OPT if its query has one (RFC
// 6891 §7).
//
// subnet: the client subnet option as it came, where one came (RFC 7871 §7.3.1). An answer for one part of
// the network is never given to another part, nor to a client that named none.
//
// name: upper and lower case count alike (RFC 4343 §3).
//
// What belongs to the client's hop is no part of it: the ID, cookie, padding, keepalive, the size for UDP.
#pragma once

#include <array>

#include "common/dns/message_view.h"
#include "common/dns/name.h"

class CacheKey {
 public:
  // False: this query is not for the cache. It is signed, or has records, flags or EDNS options that a
  // resolver may answer to in a way that concerns this query alone. `query` has one question. No memory is
  // asked for.
  bool make(const dns::MessageView& query);

  ByteView octets() const { return {octets_.data(), size_}; }
  // With a key that is made when the program starts: nobody can choose names that all have one hash.
  std::uint64_t hash() const { return hash_; }
  bool has_opt() const;

 private:
  static constexpr std::size_t kMostSubnet = 20;  // family, two lengths, an IPv6 address (RFC 7871 §6)
  static constexpr std::size_t kTypeAndClass = 4;

  void add(ByteView octets);
  bool add_subnet(const dns::MessageView& query);

  std::array<std::uint8_t, 2 + kMostSubnet + dns::kMaxName + kTypeAndClass> octets_;
  std::size_t size_ = 0;
  std::uint64_t hash_ = 0;
};
