#include "client/show/failure.h"

#include <cerrno>
#include <ctime>

#include "tests/support/catch.h"
#include "tests/unit/client/approved.h"

using client::Failure;
using client::Phase;
using client::ReplyFault;
using net::NetError;
using tls::TlsError;

namespace {

constexpr std::time_t kNow = 1'700'000'000;  // 2023-11-14 22:13:20 UTC

// A certificate as TlsError shows it: for wrong.example, valid for the year 2022.
tls::CertificateFacts certificate(std::vector<std::string> names = {"DNS:wrong.example"}) {
  tls::CertificateFacts facts;
  facts.subject = "CN=wrong.example";
  facts.issuer = "CN=Some CA";
  facts.names = std::move(names);
  facts.not_before = std::chrono::sys_seconds(std::chrono::seconds(1'640'995'200));
  facts.not_after = std::chrono::sys_seconds(std::chrono::seconds(1'672'531'199));
  return facts;
}

TlsError tls_error(TlsError::Kind kind, std::string reason = {}, std::string alert = {},
                   std::optional<tls::CertificateFacts> peer = certificate()) {
  return TlsError({.kind = kind,
                   .reason = std::move(reason),
                   .alert = std::move(alert),
                   .expected_name = "127.0.0.1",
                   .peer = std::move(peer)},
                  "shake hands with 127.0.0.1:8443");
}

Failure failure(Phase phase, decltype(Failure::cause) cause) {
  return {.phase = phase,
          .cause = std::move(cause),
          .server = "127.0.0.1:8443",
          .authority = "cert.pem",
          .unanswered = 1,
          .asked = 1};
}

std::vector<Failure> all_kinds() {
  using Net = NetError::Kind;
  using Tls = TlsError::Kind;
  using Reply = ReplyFault::Kind;
  const ReplyFault malformed{.kind = Reply::malformed,
                             .wire = dns::WireError{dns::WireFault::truncated, 29, 4, 2}};
  const ReplyFault wrong_question{.kind = Reply::wrong_question,
                                  .asked = "a.example. IN A",
                                  .found = "b.example. IN A",
                                  .status = "NOERROR"};
  Failure flooded = failure(Phase::query, NetError(Net::timeout, "wait"));
  flooded.discarded = 3;
  flooded.last_discarded = wrong_question;
  Failure partial = failure(Phase::query, client::ClosedEarly{});
  partial.asked = 5;
  partial.unanswered = 2;
  tls::CertificateFacts future = certificate();
  future.not_before = std::chrono::sys_seconds(std::chrono::seconds(kNow + 3600));
  const std::vector<std::string> many(12, "DNS:a.example");
  return {
      failure(Phase::connect, client::NoAddress("Name or service not known")),
      failure(Phase::connect, NetError(Net::refused, "connect", ECONNREFUSED)),
      failure(Phase::connect, NetError(Net::unreachable, "connect", EHOSTUNREACH)),
      failure(Phase::connect, NetError(Net::timeout, "connect")),
      failure(Phase::connect, NetError(Net::system, "open a TCP socket", EMFILE)),
      failure(Phase::tls, client::NoTrustAnchor("neither cert.pem nor /etc/cert.pem is there")),
      failure(Phase::tls, tls_error(Tls::file, "ca.pem: No such file or directory")),
      failure(Phase::tls, tls_error(Tls::untrusted_issuer, "unable to get local issuer certificate")),
      failure(Phase::tls, tls_error(Tls::name_mismatch, "IP address mismatch")),
      failure(Phase::tls, tls_error(Tls::name_mismatch, "", "", certificate({}))),
      failure(Phase::tls, tls_error(Tls::name_mismatch, "", "", certificate(many))),
      failure(Phase::tls, tls_error(Tls::name_mismatch, "", "", certificate({"DNS:*.example", "DNS:$(x)"}))),
      failure(Phase::tls, tls_error(Tls::expired, "certificate has expired")),
      failure(Phase::tls, tls_error(Tls::not_yet_valid, "certificate is not yet valid", "", future)),
      failure(Phase::tls, tls_error(Tls::bad_certificate, "unsuitable certificate purpose")),
      failure(Phase::tls, tls_error(Tls::alert, "", "no_application_protocol", {})),
      failure(Phase::tls, tls_error(Tls::alert, "", "protocol_version", {})),
      failure(Phase::tls, tls_error(Tls::alert, "", "handshake_failure", {})),
      failure(Phase::tls, tls_error(Tls::protocol, "wrong version number", "", {})),
      failure(Phase::tls, tls_error(Tls::protocol, "bad signature", "", {})),
      failure(Phase::tls, tls_error(Tls::closed, "", "", {})),
      failure(Phase::tls, tls_error(Tls::internal, "malloc failure", "", {})),
      failure(Phase::tls, NetError(Net::timeout, "shake hands")),
      failure(Phase::tls, NetError(Net::reset, "read", ECONNRESET)),
      failure(Phase::query, NetError(Net::timeout, "wait")),
      flooded,
      failure(Phase::query, NetError(Net::reset, "read", ECONNRESET)),
      failure(Phase::query, client::ClosedEarly{}),
      failure(Phase::query, client::ClosedEarly{.inside_message = true}),
      partial,
      failure(Phase::reply, malformed),
      failure(Phase::reply, wrong_question),
      failure(Phase::reply, ReplyFault{.kind = Reply::wrong_question, .status = "FORMERR"}),
      failure(Phase::reply, ReplyFault{.kind = Reply::wrong_id, .id = 4711}),
      failure(Phase::reply, ReplyFault{.kind = Reply::not_a_response}),
      failure(Phase::reply, ReplyFault{.kind = Reply::wrong_opcode}),
  };
}

struct Told {
  Failure failure;
  client::Options options;
};

// What the user's own options had to do with it.
std::vector<Told> by_options() {
  using Tls = TlsError::Kind;
  client::Options h2, old, shown, session, bare;
  h2.alpn = "h2";
  old.least_version = old.most_version = tls::Version::tls11;
  shown.cert = "me.pem";
  session.files.session = "junk.pem";
  bare.server.host = "::1:8443";
  const auto alert = [](const char* name) { return tls_error(Tls::alert, "", name, {}); };
  return {
      {failure(Phase::tls, alert("no_application_protocol")), h2},
      {failure(Phase::tls, alert("protocol_version")), old},
      {failure(Phase::query, alert("certificate_required")), {}},
      {failure(Phase::query, alert("unknown_ca")), shown},
      {failure(Phase::query, alert("unknown_ca")), {}},
      {failure(Phase::query, tls_error(Tls::protocol, "wrong version number", "", {})), {}},
      {failure(Phase::tls, tls_error(Tls::file, "junk.pem: no TLS session in PEM format", "", {})), session},
      {failure(Phase::query, NetError::from_errno("write the TLS session /no/s.part", ENOENT)), session},
      {failure(Phase::connect, NetError(NetError::Kind::unreachable, "connect", ENETUNREACH)), bare},
  };
}

}  // namespace

TEST_CASE("each failure is one line, with what happened, the evidence, and what to try", "[failure]") {
  std::string text;
  for (const Failure& kind : all_kinds()) {
    const std::string line = client::failure_to_text(kind, client::Options(), kNow);
    CHECK(line.find('\n') == std::string::npos);
    text += std::to_string(client::exit_code(kind)) + " " + line + "\n";
  }
  for (const Told& told : by_options())
    text += std::to_string(client::exit_code(told.failure)) + " " +
            client::failure_to_text(told.failure, told.options, kNow) + "\n";
  check_approved("failures", text);
}
