#include "proxyserver/configuration/check.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>
#include <unistd.h>

#include "common/net/lookup.h"
#include "common/tls/certificate_file.h"
#include "common/tls/tls_error.h"
#include "proxyserver/configuration/groups.h"
#include "proxyserver/configuration/key_reader.h"
#include "proxyserver/listening/certificate_age.h"
#include "proxyserver/listening/demo_key.h"
#include "proxyserver/listening/loading.h"
#include "proxyserver/process/privileges.h"

namespace {

using net::Transport;
using std::chrono::sys_seconds;

std::string validity(const tls::CertificateFacts& certificate, sys_seconds now) {
  return fmt::format("valid until {:%F}, {} days", tls::utc(certificate.not_after),
                     days_left(certificate, now));
}

// What time says of a certificate that we show; true: nothing bad.
bool check_time(const std::string& file, const tls::CertificateFacts& certificate, sys_seconds now,
                Report& report) {
  const std::string which = fmt::format("{}: {}", file, certificate.subject);
  if (now > certificate.not_after)
    report.error("certificate",
                 fmt::format("{} expired on {:%F %T} UTC", which, tls::utc(certificate.not_after)),
                 "replace it; is this machine's clock right?");
  else if (now < certificate.not_before)
    report.error("certificate",
                 fmt::format("{} is not valid before {:%F %T} UTC", which, tls::utc(certificate.not_before)),
                 "is this machine's clock right?");
  else if (certificate.not_after - now < kEndsSoon)
    report.warning("certificate", fmt::format("{} expires soon: {}", which, validity(certificate, now)),
                   "renew it");
  else
    return true;
  return false;
}

void check_certificate(const std::string& file, sys_seconds now, Report& report) {
  const auto chain = tls::certificates_in(file);
  const tls::CertificateFacts& leaf = chain.front();
  bool sound = true;
  for (const auto& certificate : chain) sound = check_time(file, certificate, now, report) && sound;
  if (leaf.names.empty())
    report.warning("certificate",
                   fmt::format("{}: it has no subjectAltName: clients find no name to check", file),
                   "ask your CA for one with the names that clients use");
  else if (sound)
    report.ok("certificate", fmt::format("{}: {}; {}; {} in the chain", file, fmt::join(leaf.names, " "),
                                         validity(leaf, now), chain.size()));
}

bool is_beyond_loopback(const Options& options) {
  return std::ranges::any_of(options.listen, [](const net::Uri& uri) {
    return uri.address ? !uri.address->is_loopback() : uri.host != "localhost";
  });
}

void check_key(const Options& options, const std::string& pin, Report& report) {
  const std::string& file = options.key_file;
  if (pin == kDemoKeyPin) {
    const std::string said = fmt::format("{}: the demo key, which is public", file);
    if (is_beyond_loopback(options))
      return report.warning("key", said + ": anybody can pose as this server",
                            "a key of your own, by --cert and --key");
    return report.ok("key", said + ": for this machine's own use");
  }
  const std::string reader = key_reader(file);
  if (reader == kEverybody)
    return report.warning("key", fmt::format("{}: everybody can read it", file),
                          fmt::format("chmod o= {}", file));
  report.ok("key",
            fmt::format("{}: matches the certificate; {}", file,
                        reader.empty() ? "its owner alone can read it" : reader + " can read it, too"));
}

// Clients that the announcement leads to the TLS listener want to see there the address at which they asked
// in clear (RFC 9462 §4.2); of a private one no CA says whose it is, and they may do without (§4.3).
void check_announcement(const Options& options, const tls::ServerContext& context, Report& report) {
  if (options.announce.empty()) return;
  const std::string& file = options.cert_file;
  if (!context.carries(options.announce))
    return report.error("announce",
                        fmt::format("{}: {} is no certificate of that name", options.announce, file),
                        "a name that is among its subjectAltNames");
  const AccessList may_do_without = AccessList::private_networks();
  std::set<std::string> missing;  // once, not for udp:// and tcp:// each
  for (const net::Uri& uri : options.listen) {
    if (uri.transport == Transport::tls || !uri.address || may_do_without.permits(*uri.address)) continue;
    const std::string host = uri.address->host();
    if (host != "0.0.0.0" && host != "::" && !context.carries(host)) missing.insert(host);
  }
  for (const std::string& host : missing)
    report.warning(
        "announce",
        fmt::format(
            "{}: {} does not carry {}: a client that asks there in clear cannot verify what it is told",
            options.announce, file, host),
        fmt::format("a certificate that also has IP:{}", host));
  const auto is_near = [](const net::Uri& uri) {
    return uri.address ? uri.address->is_loopback() : uri.host == "localhost";
  };
  const auto is_far = [&](const net::Uri& uri) {
    return uri.transport == Transport::tls && !uri.proxied && !is_near(uri);
  };
  if (options.handed.empty() && is_beyond_loopback(options) && std::ranges::none_of(options.listen, is_far))
    report.warning("announce",
                   fmt::format("{}: every tls:// listener is on loopback: clients elsewhere cannot reach it",
                               options.announce),
                   "a tls:// listener at the address at which clients ask");
  report.ok("announce", fmt::format("{}: among the names of {}", options.announce, file));
}

void check_identity(Options options, sys_seconds now, Report& report) {
  if (!serves_tls(options)) return;
  try {
    name_default_files(options);
  } catch (const UnusableFile& error) {
    return report.error("certificate", error.what());
  }
  try {
    check_certificate(options.cert_file, now, report);
  } catch (const tls::TlsError& error) {
    return report.error("certificate", error.facts().reason,
                        "a PEM file, the server's certificate first, by --cert");
  }
  try {
    const tls::ServerContext context(options.cert_file, options.key_file);
    check_key(options, context.pin(), report);
    check_announcement(options, context, report);
  } catch (const tls::TlsError& error) {
    report.error("key", error.facts().reason, "the PEM file of this certificate's key, by --key");
  }
}

void check_ticket_keys(const std::string& file, Report& report) {
  if (file.empty()) return;
  try {
    const std::size_t count = tls::count_ticket_keys(file);
    report.ok("ticket keys", fmt::format("{}: {} key{}", file, count, count == 1 ? "" : "s"));
  } catch (const tls::TlsError& error) {
    report.error("ticket keys", error.facts().reason);
  }
}

void check_anchors(const std::string& option, const std::string& file, sys_seconds now, Report& report) {
  if (file.empty()) return;
  try {
    const auto anchors = tls::certificates_in(file);
    const auto is_old = [&](const auto& one) { return now > one.not_after; };
    const auto old = std::ranges::count_if(anchors, is_old);
    if (old == static_cast<long>(anchors.size()))
      return report.error(option, fmt::format("{}: every certificate in it has expired", file),
                          "the issuer's new one");
    if (old > 0)
      return report.warning(
          option, fmt::format("{}: {} of its {} certificates have expired", file, old, anchors.size()));
    report.ok(option,
              fmt::format("{}: {} certificate{}", file, anchors.size(), anchors.size() == 1 ? "" : "s"));
  } catch (const tls::TlsError& error) {
    report.error(option, error.facts().reason, fmt::format("a PEM file of certificates, by --{}", option));
  }
}

void check_trust(const Options& options, sys_seconds now, Report& report) {
  check_anchors("client-ca", options.client_ca, now, report);
  check_anchors("upstream-ca", options.upstream_ca, now, report);
  if (options.encrypts() && options.upstream_ca.empty() && !options.pin_only && !tls::has_system_trust())
    report.error("trust store", "the system's trust store is empty: no upstream can be verified",
                 "install ca-certificates, or name the issuer's certificate by --upstream-ca");
}

// A name is none of ours to judge here: where it leads to is asked online.
void check_upstream(const UpstreamOptions& upstream, const Options& options, Report& report) {
  const std::string uri = upstream.uri.to_string();
  if (upstream.uri.transport == Transport::tcp)
    return report.ok("upstream", fmt::format("{}: in clear, not verified", uri));
  try {
    tls::ClientOptions trust;
    trust.auth_name = upstream.uri.auth_name.empty() ? upstream.uri.host : upstream.uri.auth_name;
    trust.pins = upstream.pins;
    trust.pin_only = options.pin_only;  // the file of anchors has been looked at
    const tls::ClientContext context(trust);
    report.ok("upstream", options.pin_only
                              ? fmt::format("{}: its key must be the one that is pinned", uri)
                              : fmt::format("{}: must prove to be {}", uri, context.options().auth_name));
  } catch (const tls::TlsError& error) {
    report.error("upstream", fmt::format("{}: {}", uri, error.what()));
  }
}

// What --for makes of names.
void check_suffixes(const Options& options, Report& report) {
  for (const InClear& one : suffixes_in_clear(options))
    report.warning("for",
                   fmt::format("{}: names at and below it leave in clear, to {}", one.suffix, one.upstreams));
  if (upstream_groups(options.upstreams).front().upstreams.empty())
    report.ok("for", "names below none of the suffixes are refused: each --upstream has a --for");
}

void check_listener(const net::Uri& uri, Report& report) {
  const std::string text = uri.to_string();
  if (!uri.address) {
    const auto addresses = net::look_up(uri.host, uri.port);
    if (!addresses)
      return report.error("listener", fmt::format("{}: {}", text, addresses.error()),
                          "an address in its place");
    return report.ok("listener", fmt::format("{}: {} address{}", text, addresses->size(),
                                             addresses->size() == 1 ? "" : "es"));
  }
  const std::string host = uri.address->host();
  if (host != "0.0.0.0" && host != "::" && !uri.address->is_of_this_machine())
    return report.error("listener", fmt::format("{}: no interface of this machine has that address", text),
                        "one that 'ip address' shows");
  report.ok("listener", fmt::format("{}: not tried, the proxy may be running", text));
}

// By some of far-off networks of the Internet.
bool has_everybody(const AccessList& list) {
  const auto permits = [&](const char* address) {
    return list.permits(net::SocketAddress::parse(address, 1).value());
  };
  return (permits("4.4.4.4") && permits("199.9.14.201")) ||
         (permits("2001:500:200::b") && permits("2a00:1450::1"));
}

void check_balancers(const Options& options, Report& report) {
  if (!options.takes_proxy_headers()) return;
  const auto given = std::ranges::count(options.settings, "proxy-from", &Setting::name);
  if (has_everybody(options.proxy_from))
    return report.warning("proxy-from", "everybody is believed, and so can be any client",
                          "the load balancers' addresses alone");
  report.ok("proxy-from", fmt::format("{} network{}", given, given == 1 ? "" : "s"));
}

void check_access(const Options& options, Report& report) {
  const auto given = std::ranges::count(options.settings, "allow", &Setting::name);
  if (has_everybody(options.allow) && is_beyond_loopback(options))
    return report.warning("allow", "everybody may ask: an open resolver is used to attack others (RFC 5358)",
                          "your own networks by --allow");
  report.ok("allow", given == 0 ? "private networks, which is the default"
                                : fmt::format("{} network{}", given, given == 1 ? "" : "s"));
}

void check_user(const Options& options, Report& report) {
  if (options.user.empty()) return;
  if (const auto account = find_account(options.user); !account)
    return report.error("user", fmt::format("{}: {}", options.user, account.error()));
  report.ok("user", options.user);
}

void check_cache(const Options& options, Report& report) {
  if (options.cache == 0) return;
  const auto pages = static_cast<std::size_t>(std::max(sysconf(_SC_PHYS_PAGES), 0L));
  const std::size_t memory = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::string said = fmt::format("{} MB of this machine's {}", options.cache >> 20, memory >> 20);
  if (memory != 0 && options.cache > memory / 2)
    return report.warning("cache", said, "less: 64 MB hold some hundred thousand answers");
  report.ok("cache", said);
}

// A file that is written: "-" is standard error.
void check_output(const char* option, const std::string& file, Report& report) {
  if (file.empty() || file == "-") return;
  std::error_code ignored;
  const bool exists = std::filesystem::exists(file, ignored);
  const auto folder = std::filesystem::absolute(file, ignored).parent_path();
  if (access(exists ? file.c_str() : folder.c_str(), exists ? W_OK : W_OK | X_OK) != 0)
    return report.error(option,
                        fmt::format("{}: {}", exists ? file : folder.string(), strerrordesc_np(errno)),
                        "a file that can be written");
  if (std::filesystem::is_directory(file, ignored))
    return report.error(option, fmt::format("{}: it is a folder", file), "a file that can be written");
  report.ok(option, fmt::format("{}: can be written", file));
}

}  // namespace

void check_files(const Options& options, sys_seconds now, Report& report) {
  if (!options.config_file.empty()) {
    const auto count = std::ranges::count(options.settings, true, &Setting::in_file);
    report.ok("config",
              fmt::format("{}: {} setting{} in force", options.config_file, count, count == 1 ? "" : "s"));
  }
  for (const net::Uri& uri : options.listen) check_listener(uri, report);
  check_identity(options, now, report);
  check_ticket_keys(options.ticket_key_file, report);
  check_trust(options, now, report);
  if (!options.check_online)
    for (const UpstreamOptions& upstream : options.upstreams) check_upstream(upstream, options, report);
  check_suffixes(options, report);
  check_access(options, report);
  check_balancers(options, report);
  check_cache(options, report);
  check_user(options, report);
  check_output("keylog", options.instruments.key_log, report);
  check_output("capture", options.instruments.capture, report);
  check_output("trace", options.instruments.trace, report);
  check_output("query-log", options.instruments.query_log, report);
}
