#include "client/failure.h"

namespace client {
namespace {

// One overload per cause; the phase decides only where the same thing means two things.
struct ExitCodeOf {
  Phase phase;

  cli::ExitCode operator()(const NoAddress&) const { return cli::unreachable; }
  cli::ExitCode operator()(const NoTrustAnchor&) const { return cli::ca_unreadable; }
  cli::ExitCode operator()(const ReplyFault&) const { return cli::bad_reply; }
  cli::ExitCode operator()(const ClosedEarly&) const { return cli::bad_framing; }

  cli::ExitCode operator()(const net::NetError& error) const {
    switch (error.kind()) {
      case net::NetError::Kind::timeout:
        return cli::no_reply;
      case net::NetError::Kind::refused:
      case net::NetError::Kind::unreachable:
        return cli::unreachable;
      case net::NetError::Kind::reset:
      case net::NetError::Kind::closed:
      case net::NetError::Kind::malformed:
        return phase == Phase::tls       ? cli::tls_handshake
               : phase == Phase::connect ? cli::unreachable
                                         : cli::bad_framing;
      case net::NetError::Kind::system:
        break;
    }
    return cli::internal;
  }

  cli::ExitCode operator()(const tls::TlsError& error) const {
    switch (error.kind()) {
      case tls::TlsError::Kind::untrusted_issuer:
      case tls::TlsError::Kind::bad_certificate:
        return cli::untrusted;
      case tls::TlsError::Kind::name_mismatch:
        return cli::wrong_name;
      case tls::TlsError::Kind::expired:
      case tls::TlsError::Kind::not_yet_valid:
        return cli::outdated;
      case tls::TlsError::Kind::pin_mismatch:
        return cli::wrong_pin;
      case tls::TlsError::Kind::file:
        return cli::ca_unreadable;
      case tls::TlsError::Kind::protocol:
        return phase == Phase::tls ? cli::tls_handshake : cli::bad_framing;
      case tls::TlsError::Kind::alert:
      case tls::TlsError::Kind::closed:
        return cli::tls_handshake;
      case tls::TlsError::Kind::internal:
        break;
    }
    return cli::internal;
  }
};

}  // namespace

Cause cause_now() {
  try {
    throw;
  } catch (const NoAddress& error) {
    return error;
  } catch (const NoTrustAnchor& error) {
    return error;
  } catch (const net::NetError& error) {
    return error;
  } catch (const tls::TlsError& error) {
    return error;
  } catch (const ReplyFault& fault) {
    return fault;
  } catch (const ClosedEarly& closed) {
    return closed;
  }
}

cli::ExitCode exit_code(const Failure& failure) {
  return std::visit(ExitCodeOf{failure.phase}, failure.cause);
}

}  // namespace client
