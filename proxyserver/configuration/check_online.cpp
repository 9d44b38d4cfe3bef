#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <system_error>

#include "common/dns/codes.h"
#include "common/dns/message.h"
#include "common/net/framing.h"
#include "common/net/lookup.h"
#include "common/net/net_error.h"
#include "common/net/tcp.h"
#include "common/tls/tls_error.h"
#include "common/tls/tls_stream.h"
#include "proxyserver/configuration/check.h"
#include "proxyserver/listening/certificate_age.h"
#include "proxyserver/listening/loading.h"
#include "proxyserver/upstreams/bootstrap.h"

namespace {

using Clock = net::Deadline::Clock;
using Kind = tls::TlsError::Kind;

std::string milliseconds(Clock::duration time) {
  return fmt::format("{:.1f} ms", std::chrono::duration<double, std::milli>(time).count());
}

// What a resolver should know: the root's name servers, or those of the names that it is for.
dns::Message query_for(const dns::Name& name) {
  dns::Message query;
  if (getrandom(&query.header.id, sizeof query.header.id, 0) != sizeof query.header.id)
    throw std::system_error(errno, std::generic_category(), "getrandom");
  query.header.rd = true;
  query.questions.push_back({name, dns::type::NS, dns::klass::IN});
  return query;
}

dns::Message ask(net::Stream& stream, const dns::Name& name, net::Deadline deadline) {
  const dns::Message query = query_for(name);
  net::write_frame(stream, dns::encode(query), deadline);
  net::FrameReader reader;
  const auto octets = net::read_frame(stream, reader, deadline);
  if (!octets) throw net::NetError(net::NetError::Kind::closed, "read from " + stream.peer());
  auto answer = dns::decode(*octets);
  if (!answer || !answer->header.qr || answer->header.id != query.header.id)
    throw net::NetError(net::NetError::Kind::malformed, "read an answer from " + stream.peer());
  return std::move(*answer);
}

std::string advice_on(const tls::TlsError& error) {
  switch (error.kind()) {
    case Kind::name_mismatch:
      return "one of the names found, behind the '#' of --upstream, if it is its";
    case Kind::untrusted_issuer:
      return "its issuer's certificate by --upstream-ca, if you trust that";
    case Kind::expired:
      return "another resolver until its owner renews it; is this machine's clock right?";
    case Kind::not_yet_valid:
      return "is this machine's clock right?";
    case Kind::pin_mismatch:
      return "ask its owner whether its key is new; then that --pin, besides";
    case Kind::alert:
      return "is it DNS over TLS that it serves there, and does nobody in between answer for it?";
    case Kind::protocol:
    case Kind::closed:
      return "port 853, or whichever it has for DNS over TLS";
    default:
      return {};
  }
}

std::string advice_on(const net::NetError& error, net::Transport transport) {
  using NetKind = net::NetError::Kind;
  if (error.kind() == NetKind::refused || error.kind() == NetKind::timeout)
    return fmt::format("does it serve {}:// on that port, and does a firewall let us out?",
                       to_string(transport));
  return error.kind() == NetKind::unreachable ? "is this machine's network up?" : "";
}

// One address; throws what a connection throws.
void check_address(const net::Endpoint& endpoint, const std::string& which,
                   const std::shared_ptr<const tls::ClientContext>& trust, const dns::Name& asked_for,
                   const Options& options, std::chrono::sys_seconds now, Report& report) {
  const auto deadline = net::Deadline::in(options.limits.query);
  const std::string peer = endpoint.address.to_string();
  const auto begin = Clock::now();
  net::UniqueFd socket = net::connect_tcp(endpoint.address, deadline);
  const auto connected = Clock::now();
  std::string times = fmt::format("connected in {}", milliseconds(connected - begin));
  std::string facts = "in clear, not verified";
  long days = kEndsSoon.count();
  std::unique_ptr<net::Stream> stream;
  if (trust != nullptr) {
    auto secured = std::make_unique<tls::TlsStream>(std::move(socket), *trust, peer);
    secured->handshake(deadline);
    times += fmt::format(", handshake {}", milliseconds(Clock::now() - connected));
    const tls::ConnectionFacts connection = secured->facts();
    facts = fmt::format("{}, {}, {}",
                        options.pin_only ? "has the pinned key" : "is " + trust->options().auth_name,
                        connection.version, connection.group);
    if (connection.peer) {
      days = days_left(*connection.peer, now);
      facts +=
          fmt::format(", certificate valid until {:%F}, {} days", tls::utc(connection.peer->not_after), days);
    }
    stream = std::move(secured);
  } else {
    stream = std::make_unique<net::TcpStream>(std::move(socket), peer);
  }
  const auto asked = Clock::now();
  const dns::Message answer = ask(*stream, asked_for, deadline);
  const auto rcode = answer.rcode();
  const std::string said = fmt::format("{}: {}; {} to {} NS in {} ({})", which, facts, dns::rcode_name(rcode),
                                       asked_for.to_string(), milliseconds(Clock::now() - asked), times);
  stream->close();
  if (rcode != dns::rcode::NOERROR && rcode != dns::rcode::NXDOMAIN)
    report.warning("upstream", said, "does it resolve for you? It may know its own clients only");
  else if (days < kEndsSoon.count() && !options.pin_only)
    report.warning("upstream", said, "ask its owner to renew the certificate");
  else
    report.ok("upstream", said);
}

net::Addresses addresses_of(const net::Uri& uri, const Options& options) {
  if (uri.address) return std::vector{*uri.address};
  return options.bootstrap ? look_up_at(*options.bootstrap, uri.host, uri.port)
                           : net::look_up(uri.host, uri.port);
}

// The same; a failure is a finding.
void try_address(const net::Endpoint& endpoint, const std::string& which,
                 const std::shared_ptr<const tls::ClientContext>& trust, const dns::Name& asked_for,
                 const Options& options, std::chrono::sys_seconds now, Report& report) try {
  check_address(endpoint, which, trust, asked_for, options, now, report);
} catch (const tls::TlsError& error) {
  report.upstream_error(fmt::format("{}: {}", which, error.what()), advice_on(error));
} catch (const net::NetError& error) {
  report.upstream_error(fmt::format("{}: {}", which, error.what()), advice_on(error, endpoint.transport));
} catch (const std::exception& error) {
  report.upstream_error(fmt::format("{}: {}", which, error.what()), {});
}

}  // namespace

void check_upstreams(const Options& options, std::chrono::sys_seconds now, Report& report) {
  const Instruments none{InstrumentFiles{}};
  for (const UpstreamOptions& upstream : options.upstreams) {
    const net::Uri& uri = upstream.uri;
    const std::string name = uri.to_string();
    std::shared_ptr<const tls::ClientContext> trust;
    try {
      if (uri.transport == net::Transport::tls) trust = load_trust(upstream, options, none);
    } catch (const tls::TlsError& error) {
      report.upstream_error(fmt::format("{}: {}", name, error.what()), {});
      continue;
    }
    const auto addresses = addresses_of(uri, options);
    if (!addresses) {
      report.upstream_error(fmt::format("{}: look up {}: {}", name, uri.host, addresses.error()),
                            "an address, with the name behind it: tls://ADDR#NAME");
      continue;
    }
    for (const net::SocketAddress& address : *addresses)
      try_address({uri.transport, address, uri.auth_name},
                  uri.address ? name : fmt::format("{} at {}", name, address.host()), trust,
                  upstream.suffixes.empty() ? dns::Name() : upstream.suffixes.front(), options, now, report);
  }
}
