// The key exchange in words: the groups by name, what a post-quantum one is, what its key shares cost. Names
// are OpenSSL's, which are those of the RFCs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "client/ask.h"

namespace client {

std::string group_name(std::uint16_t code);      // "x25519"; "0xfafa" for one we do not know
bool is_post_quantum(std::string_view group);    // no quantum computer is known to break it
std::string group_text(std::string_view group);  // "X25519MLKEM768 (hybrid, post-quantum)"; "x25519"

// One key share (RFC 8446 §4.2.8), never its octets: "x25519, 32 octets", and of a hybrid what it is made of.
std::string share_text(std::uint16_t code, std::size_t octets, bool from_client);

// For a student, two or three sentences: who can read a record of this connection one day. Empty if no key
// was exchanged.
std::string future_text(std::string_view group);

// The octets of all key shares that one connection carried, whichever was used.
struct ShareSum {
  std::size_t sent = 0;
  std::size_t received = 0;
};
ShareSum share_sum(const Outcome& outcome, std::size_t connection);

}  // namespace client
