// A failure's cause, taken apart so that it can be written down, and put together again. Values.
#pragma once

#include "client/failure.h"

namespace client {

struct KeptCause {
  enum class Kind : std::uint8_t { no_address, no_trust_anchor, net, tls, reply, closed_early };

  Kind kind = Kind::net;
  std::string words = {};         // what was tried; of no_address and no_trust_anchor the reason
  net::NetError::Kind net = {};   // net
  int error = 0;                  // net: errno
  tls::TlsError::Facts tls = {};  // tls
  ReplyFault reply = {};          // reply
  bool inside_message = false;    // closed_early
};

KeptCause taken_apart(const Cause& cause);
Cause put_together(const KeptCause& kept);  // says to what() what the original said

KeptCause taken_apart(const tls::TlsError& error);
tls::TlsError tls_error_of(const KeptCause& kept);

std::string errno_name(int error);                   // "ECONNREFUSED"; "none" of 0
std::optional<int> errno_of(std::string_view name);  // nullopt: there is none of that name

}  // namespace client
