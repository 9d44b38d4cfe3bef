#include "client/show/key_exchange.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <span>

#include "client/show/escape.h"
#include "client/show/tls_words.h"

namespace client {
namespace {

struct Classical {
  std::uint16_t code;
  std::string_view name;
};

constexpr Classical kClassical[] = {  // IANA, "TLS Supported Groups"
    {0x0017, "secp256r1"}, {0x0018, "secp384r1"}, {0x0019, "secp521r1"}, {0x001d, "x25519"},
    {0x001e, "x448"},      {0x0100, "ffdhe2048"}, {0x0101, "ffdhe3072"}, {0x0102, "ffdhe4096"},
    {0x0103, "ffdhe6144"}, {0x0104, "ffdhe8192"}};

// Those with ML-KEM (FIPS 203): the client sends an encapsulation key, the server a ciphertext. A hybrid
// sends a key of a classical group beside it (draft-ietf-tls-ecdhe-mlkem §4).
struct PostQuantum {
  std::uint16_t code;
  std::string_view name;
  std::string_view ml_kem;
  std::size_t key, ciphertext;  // octets of ML-KEM's part (FIPS 203 §8, table 3)
  std::string_view classical = {};
  std::size_t classical_key = 0;  // octets, either way

  bool is_hybrid() const { return !classical.empty(); }
  std::size_t ml_kem_share(bool from_client) const { return from_client ? key : ciphertext; }
};

constexpr PostQuantum kPostQuantum[] = {
    {0x0200, "MLKEM512", "ML-KEM-512", 800, 768},
    {0x0201, "MLKEM768", "ML-KEM-768", 1184, 1088},
    {0x0202, "MLKEM1024", "ML-KEM-1024", 1568, 1568},
    {0x11eb, "SecP256r1MLKEM768", "ML-KEM-768", 1184, 1088, "secp256r1", 65},
    {0x11ec, "X25519MLKEM768", "ML-KEM-768", 1184, 1088, "x25519", 32},
    {0x11ed, "SecP384r1MLKEM1024", "ML-KEM-1024", 1568, 1568, "secp384r1", 97},
};

template <typename Key>
const PostQuantum* find_post_quantum(Key PostQuantum::*member, Key value) {
  const auto* const found = std::ranges::find(kPostQuantum, value, member);
  return found == std::end(kPostQuantum) ? nullptr : found;
}

}  // namespace

std::string group_name(std::uint16_t code) {
  if (const PostQuantum* const group = find_post_quantum(&PostQuantum::code, code))
    return std::string(group->name);
  const auto* const found = std::ranges::find(kClassical, code, &Classical::code);
  return found == std::end(kClassical) ? fmt::format("0x{:04x}", code) : std::string(found->name);
}

bool is_post_quantum(std::string_view group) {
  return find_post_quantum(&PostQuantum::name, group) != nullptr;
}

std::string group_text(std::string_view group) {
  const PostQuantum* const known = find_post_quantum(&PostQuantum::name, group);
  if (known == nullptr) return printable(group);
  return fmt::format("{} ({}post-quantum)", group, known->is_hybrid() ? "hybrid, " : "");
}

std::string share_text(std::uint16_t code, std::size_t octets, bool from_client) {
  std::string text = fmt::format("{}, {} octets", group_name(code), octets);
  const PostQuantum* const known = find_post_quantum(&PostQuantum::code, code);
  if (known == nullptr || !known->is_hybrid()) return text;
  const std::size_t ml_kem = known->ml_kem_share(from_client);
  if (octets != ml_kem + known->classical_key) return text;
  return text + fmt::format(" ({} of {} and {} of {})", ml_kem, known->ml_kem, known->classical_key,
                            known->classical);
}

std::string future_text(std::string_view group) {
  if (group.empty()) return {};
  const PostQuantum* const known = find_post_quantum(&PostQuantum::name, group);
  if (known == nullptr)
    return fmt::format(
        "{} is classical: somebody can record this connection now, and read it later with a quantum "
        "computer.",
        printable(group));
  const std::string closed = fmt::format(
      "No quantum computer is known to break {}: what is recorded today stays closed.", known->ml_kem);
  if (!known->is_hybrid()) return fmt::format("{} is post-quantum. {} [FIPS 203]", group, closed);
  return fmt::format(
      "{} is a hybrid: {} and {} each make a secret, and the keys are safe while one of the two is. {} "
      "[draft-ietf-tls-ecdhe-mlkem, FIPS 203]",
      group, known->classical, known->ml_kem, closed);
}

ShareSum share_sum(const Outcome& outcome, std::size_t connection) {
  ShareSum sum;
  for (const WireEvent& event : outcome.recording.events) {
    if (event.connection != connection || event.kind != WireEvent::Kind::handshake) continue;
    for (const HelloWords::KeyShare& share : hello_words(event.octets).key_shares)
      (event.sent ? sum.sent : sum.received) += share.octets;
  }
  return sum;
}

}  // namespace client
