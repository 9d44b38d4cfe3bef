#include "client/kept_failure.h"

#include <cstring>

namespace client {
namespace {

constexpr int kMostErrno = 4095;  // the kernel's own limit

// What an error says is "what was tried", and after it what its facts say: `tail`, which is that of an error
// without the first part.
std::string without_tail(std::string_view what, std::string_view tail) {
  if (what.ends_with(tail)) what.remove_suffix(tail.size());
  return std::string(what);
}

struct TakingApart {
  KeptCause operator()(const NoAddress& error) const {
    return {.kind = KeptCause::Kind::no_address, .words = error.what()};
  }
  KeptCause operator()(const NoTrustAnchor& error) const {
    return {.kind = KeptCause::Kind::no_trust_anchor, .words = error.what()};
  }
  KeptCause operator()(const net::NetError& error) const {
    const net::NetError bare(error.kind(), "", error.error());
    return {.kind = KeptCause::Kind::net,
            .words = without_tail(error.what(), bare.what()),
            .net = error.kind(),
            .error = error.error()};
  }
  KeptCause operator()(const tls::TlsError& error) const { return taken_apart(error); }
  KeptCause operator()(const ReplyFault& fault) const {
    return {.kind = KeptCause::Kind::reply, .reply = fault};
  }
  KeptCause operator()(const ClosedEarly& closed) const {
    return {.kind = KeptCause::Kind::closed_early, .inside_message = closed.inside_message};
  }
};

}  // namespace

KeptCause taken_apart(const Cause& cause) {
  return std::visit(TakingApart{}, cause);
}

KeptCause taken_apart(const tls::TlsError& error) {
  const tls::TlsError bare(error.facts(), "");
  return {
      .kind = KeptCause::Kind::tls, .words = without_tail(error.what(), bare.what()), .tls = error.facts()};
}

tls::TlsError tls_error_of(const KeptCause& kept) {
  return tls::TlsError(kept.tls, kept.words);
}

Cause put_together(const KeptCause& kept) {
  switch (kept.kind) {
    case KeptCause::Kind::no_address:
      return NoAddress(kept.words);
    case KeptCause::Kind::no_trust_anchor:
      return NoTrustAnchor(kept.words);
    case KeptCause::Kind::net:
      return net::NetError(kept.net, kept.words, kept.error);
    case KeptCause::Kind::tls:
      return tls_error_of(kept);
    case KeptCause::Kind::reply:
      return kept.reply;
    case KeptCause::Kind::closed_early:
      break;
  }
  return ClosedEarly{kept.inside_message};
}

std::string errno_name(int error) {
  if (error == 0) return "none";
  const char* const name = strerrorname_np(error);
  return name != nullptr ? name : "E" + std::to_string(error);
}

std::optional<int> errno_of(std::string_view name) {
  for (int error = 0; error <= kMostErrno; ++error)
    if (errno_name(error) == name) return error;
  return std::nullopt;
}

}  // namespace client
