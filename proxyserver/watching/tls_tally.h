// What is counted of TLS, on either leg: handshakes full and resumed, versions and groups, and why they fail.
// Sets of labels that are fixed: no peer can add to them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string_view>

#include "common/tls/peer.h"
#include "proxyserver/watching/exposition.h"

// Why a connection came to nothing, by the exception that says so: an index into kFailures.
inline constexpr std::array<std::string_view, 13> kFailures = {
    "timeout",       "refused",  "unreachable",  "reset",           "closed", "untrusted_issuer",
    "name_mismatch", "validity", "pin_mismatch", "bad_certificate", "alert",  "protocol",
    "other"};
std::size_t failure_of(const std::exception& cause);

// The counters of one leg, kSize of them in a row of a Counters. `names` has what the families are called.
class TlsTally {
 public:
  static constexpr std::size_t kVersions = 3, kGroups = 10;
  static constexpr std::size_t kSize = 2 + kVersions * kGroups;

  static void count(std::span<std::atomic<std::uint64_t>> counters,
                    const tls::ConnectionFacts& facts) noexcept;

  // Samples of the two families: handshakes by kind; connections by version and group (those that there
  // were).
  static void handshakes(Exposition& to, const Counters& counters, std::size_t begin,
                         std::string_view upstream = {});
  static void connections(Exposition& to, const Counters& counters, std::size_t begin,
                          std::string_view upstream = {});
};
