// --discover: whether a resolver that is asked in clear says where it is asked over TLS, and whether that may
// be believed (RFC 9462, Discovery of Designated Resolvers).
//
//   _dns.resolver.arpa SVCB ─ in clear ─► records ─► TLS to each ─► the certificate has the address that was
//                                                                   asked: verified (§4.2); it has not:
//                                                                   opportunistic (§4.3), or refused
#pragma once

#include <string>
#include <vector>

#include "client/ask.h"

namespace client {

// What a record says of a designated resolver (RFC 9461). Pure.
struct Designation {
  std::uint16_t priority = 0;  // the lowest is tried first
  dns::Name target;
  std::vector<std::string> alpn;      // protocols: "dot", "h2"
  std::optional<std::uint16_t> port;  // none: 853
  std::vector<std::string> hints;     // addresses
  std::string params;                 // as the record prints them
  std::string unusable;               // why this client can do nothing with it, a clause; empty: it can
};
Designation read_designation(const dns::Rdata& svcb);
// The records of an answer to that name, by priority, at most eight. Pure.
std::vector<Designation> designations_in(const dns::Message& answer, const dns::Name& asked);

// Private, link-local and loopback addresses: nobody can have a certificate for them that all trust
// (RFC 9462 §4.3).
bool is_private(const net::SocketAddress& address);

struct Designated {
  enum class Verdict : std::uint8_t { verified, opportunistic, refused, unusable };

  Designation said;
  Verdict verdict = Verdict::unusable;
  std::vector<net::SocketAddress> addresses;  // those to try, in order
  std::string_view source;                    // of the addresses
  Options options;                            // of the run over TLS, the last that was made
  Outcome strict;                             // that run, with the certificate checked
  std::optional<Outcome> lax;                 // opportunistic: a second one, without
  bool same_address = false;                  // as was asked in clear
};

struct Discovery {
  Options options;  // of the question in clear
  Outcome asked;
  std::vector<Designated> designated;  // by priority
};

// `options` as the command line says. Never throws for what the world does.
Discovery discover(const Options& options);

// 0: one can be used, or the resolver said that there is none; else that of the first failure.
cli::ExitCode exit_code(const Discovery& discovery);
const Failure* failure_of(const Discovery& discovery);  // the one by which exit_code() goes; null: none

}  // namespace client
