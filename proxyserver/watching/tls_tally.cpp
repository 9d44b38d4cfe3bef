#include "proxyserver/watching/tls_tally.h"

#include <algorithm>

#include "common/net/net_error.h"
#include "common/tls/tls_error.h"

namespace {

constexpr std::array<std::string_view, TlsTally::kVersions> kVersionNames = {"TLSv1.3", "TLSv1.2", "other"};
// OpenSSL's names; none: a resumed TLS 1.2 session exchanges no key.
constexpr std::array<std::string_view, TlsTally::kGroups> kGroupNames = {
    "x25519",    "secp256r1",      "secp384r1",         "secp521r1", "x448",
    "ffdhe2048", "X25519MLKEM768", "SecP256r1MLKEM768", "none",      "other"};

template <std::size_t Count>
std::size_t find(const std::array<std::string_view, Count>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  return found != names.end() ? static_cast<std::size_t>(found - names.begin()) : Count - 1;
}

std::size_t failure_named(std::string_view name) {
  return find(kFailures, name);
}

}  // namespace

std::size_t failure_of(const std::exception& cause) {
  if (const auto* error = dynamic_cast<const tls::TlsError*>(&cause)) {
    using enum tls::TlsError::Kind;
    switch (error->kind()) {
      case untrusted_issuer:
        return failure_named("untrusted_issuer");
      case name_mismatch:
        return failure_named("name_mismatch");
      case expired:
      case not_yet_valid:
        return failure_named("validity");
      case bad_certificate:
        return failure_named("bad_certificate");
      case pin_mismatch:
        return failure_named("pin_mismatch");
      case alert:
        return failure_named("alert");
      case protocol:
        return failure_named("protocol");
      case closed:
        return failure_named("closed");
      default:
        return failure_named("other");
    }
  }
  if (const auto* error = dynamic_cast<const net::NetError*>(&cause)) {
    using enum net::NetError::Kind;
    switch (error->kind()) {
      case timeout:
        return failure_named("timeout");
      case refused:
        return failure_named("refused");
      case unreachable:
        return failure_named("unreachable");
      case reset:
        return failure_named("reset");
      case closed:
        return failure_named("closed");
      default:
        return failure_named("other");
    }
  }
  return failure_named("other");
}

void TlsTally::count(std::span<std::atomic<std::uint64_t>> counters,
                     const tls::ConnectionFacts& facts) noexcept {
  const std::size_t version = find(kVersionNames, facts.version);
  const std::size_t group = find(kGroupNames, facts.group.empty() ? "none" : std::string_view(facts.group));
  counters[facts.resumed ? 1 : 0].fetch_add(1, std::memory_order_relaxed);
  counters[2 + version * kGroups + group].fetch_add(1, std::memory_order_relaxed);
}

void TlsTally::handshakes(Exposition& to, const Counters& counters, std::size_t begin,
                          std::string_view upstream) {
  for (const auto& [kind, index] : {std::pair<std::string_view, std::size_t>{"full", 0}, {"resumed", 1}}) {
    const std::uint64_t count = counters.total(begin + index);
    if (upstream.empty())
      to.sample({{"kind", kind}}, count);
    else
      to.sample({{"upstream", upstream}, {"kind", kind}}, count);
  }
}

void TlsTally::connections(Exposition& to, const Counters& counters, std::size_t begin,
                           std::string_view upstream) {
  for (std::size_t v = 0; v < kVersions; ++v)
    for (std::size_t g = 0; g < kGroups; ++g) {
      const std::uint64_t count = counters.total(begin + 2 + v * kGroups + g);
      if (count == 0) continue;
      if (upstream.empty())
        to.sample({{"version", kVersionNames[v]}, {"group", kGroupNames[g]}}, count);
      else
        to.sample({{"upstream", upstream}, {"version", kVersionNames[v]}, {"group", kGroupNames[g]}}, count);
    }
}
