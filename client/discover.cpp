#include "client/discover.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

#include "common/dns/codes.h"
#include "common/dns/svcb.h"

namespace client {
namespace {

using Verdict = Designated::Verdict;

constexpr std::uint16_t kDotPort = 853;     // RFC 7858 §3.1
constexpr std::size_t kMostAddresses = 4;   // of one resolver that are tried,
constexpr std::size_t kMostDesignated = 8;  // and resolvers: a hostile answer must not keep us busy

dns::Name name_of(std::string_view text) {
  return dns::Name::parse(text).value();
}

std::vector<std::string> addresses_in(ByteView octets, int family) {
  const std::size_t size = family == AF_INET ? 4 : 16;
  std::vector<std::string> all;
  for (; octets.size() >= size; octets = octets.subspan(size)) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    all.emplace_back(inet_ntop(family, octets.data(), text.data(), text.size()));
  }
  return all;
}

std::vector<std::string> names_in(ByteView alpn) {
  std::vector<std::string> all;
  for (dns::WireReader reader(alpn); !reader.at_end();) {
    const ByteView name = reader.bytes(reader.u8());
    all.emplace_back(name.begin(), name.end());
  }
  return all;
}

// RFC 9460 §8: who does not know a key that is mandatory does not use the record.
std::string first_unknown(ByteView mandatory) {
  constexpr std::uint16_t kKnown[] = {dns::svc_key::ALPN, dns::svc_key::PORT, dns::svc_key::IPV4HINT,
                                      dns::svc_key::IPV6HINT};
  for (dns::WireReader reader(mandatory); !reader.at_end();)
    if (const std::uint16_t key = reader.u16(); std::ranges::find(kKnown, key) == std::end(kKnown))
      return dns::svc_key_name(key);
  return {};
}

std::string why_unusable(const Designation& said, const std::string& unknown) {
  if (said.priority == 0) return "an alias, which leads to a name that would have to be asked for next";
  if (said.target.is_root() || said.target.is_within(name_of("resolver.arpa.")))
    return "its target is no resolver's own name (RFC 9462 4)";
  if (!unknown.empty()) return fmt::format("it demands {}, which this client does not know", unknown);
  if (std::ranges::find(said.alpn, "dot") == said.alpn.end())
    return said.alpn.empty() ? "it does not say what it speaks (RFC 9461 4.1)"
                             : fmt::format("it speaks {}, and not DNS over TLS", fmt::join(said.alpn, ", "));
  return said.port == 0 ? "nothing listens on port 0" : "";
}

bool is_address(const dns::Record& record) {
  return record.klass == dns::klass::IN && (record.type == dns::type::A || record.type == dns::type::AAAA);
}

// One after the other: what the first takes is not there for the next.
class Discoverer {
 public:
  explicit Discoverer(const Options& options)
      : options_(options), deadline_(net::Deadline::in(options.timeout)) {}

  Discovery run();

 private:
  Options with_time_left(Options options) const;
  void find_addresses(Designated& one);
  void ask_for_addresses(Designated& one);
  void try_out(Designated& one);
  Options over_tls(const Designated& one, const net::SocketAddress& address) const;

  const Options& options_;
  const net::Deadline deadline_;
  Discovery found_;
};

Options Discoverer::with_time_left(Options options) const {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline_.when() - net::Deadline::Clock::now());
  options.timeout = std::max(left, std::chrono::milliseconds(1));
  return options;
}

Discovery Discoverer::run() {
  found_.options = options_;
  found_.asked = ask(options_);
  if (found_.asked.failure) return std::move(found_);
  for (Designation& said : designations_in(found_.asked.answers[0]->message, options_.questions[0].name))
    found_.designated.emplace_back().said = std::move(said);
  for (Designated& one : found_.designated) {
    if (!one.said.unusable.empty()) continue;
    find_addresses(one);
    if (!one.addresses.empty()) try_out(one);
  }
  return std::move(found_);
}

// RFC 9460 §7.3: hints serve until addresses are known.
void Discoverer::find_addresses(Designated& one) {
  const std::uint16_t port = one.said.port.value_or(kDotPort);
  const auto add = [&](const std::string& host) {
    const auto address = net::SocketAddress::parse(host, port);
    if (address && (options_.family == 0 || address->family() == options_.family))
      one.addresses.push_back(*address);
  };
  const auto add_records = [&](const std::vector<dns::Record>& records, const dns::Name& owner) {
    for (const dns::Record& record : records)
      if (record.owner == owner && is_address(record)) add(dns::rdata_to_text(record.rdata));
  };
  one.source = "the additional section of the answer";
  add_records(found_.asked.answers[0]->message.additionals, one.said.target);
  if (one.addresses.empty()) {
    one.source = "the hints of the record";
    for (const std::string& hint : one.said.hints) add(hint);
  }
  if (one.addresses.empty()) {
    one.source = "two more questions in clear, A and AAAA";
    Options options = with_time_left(options_);
    options.questions = {{one.said.target, dns::type::A}, {one.said.target, dns::type::AAAA}};
    const Outcome outcome = ask(options);
    for (const auto& answer : outcome.answers)
      if (answer)
        for (const dns::Record& record : answer->message.answers)  // after an alias the owner is another
          if (is_address(record)) add(dns::rdata_to_text(record.rdata));
  }
  // The one that was asked comes first: it alone may be used without a certificate that says so.
  const auto is_other = [&](const net::SocketAddress& address) {
    return address.host() != options_.server.host;
  };
  std::ranges::stable_sort(one.addresses, {}, is_other);
  std::set<std::string> seen;
  std::erase_if(one.addresses, [&](const auto& address) { return !seen.insert(address.host()).second; });
  if (one.addresses.size() > kMostAddresses) one.addresses.resize(kMostAddresses);
  if (one.addresses.empty()) one.said.unusable = "no address is known for it";
}

// RFC 9462 §4.2: whatever the target's name and address, the certificate must carry the address that was
// asked in clear. The name goes along as SNI, for a server that has several certificates.
Options Discoverer::over_tls(const Designated& one, const net::SocketAddress& address) const {
  Options options = with_time_left(options_);
  options.server = {.transport = net::Transport::tls,
                    .host = address.host(),
                    .port = address.port(),
                    .auth_name = options_.server.host};
  std::string name = one.said.target.to_string();
  name.pop_back();
  if (!options.sni) options.sni = net::is_host_name(name) ? name : "";
  return options;
}

bool is_about_certificate(const Failure& failure) {
  using Kind = tls::TlsError::Kind;
  const auto* const error = std::get_if<tls::TlsError>(&failure.cause);
  constexpr Kind kKinds[] = {Kind::untrusted_issuer, Kind::name_mismatch, Kind::expired, Kind::not_yet_valid,
                             Kind::bad_certificate};
  return error != nullptr && std::ranges::find(kKinds, error->kind()) != std::end(kKinds);
}

void Discoverer::try_out(Designated& one) {
  for (const net::SocketAddress& address : one.addresses) {
    one.options = over_tls(one, address);
    one.same_address = address.host() == options_.server.host;
    one.strict = ask(one.options);
    if (!one.strict.failure || one.strict.failure->phase != Phase::connect) break;
  }
  one.verdict = one.strict.failure ? Verdict::refused : Verdict::verified;
  const auto asked = net::SocketAddress::parse(options_.server.host, 0);
  if (!one.strict.failure || !is_about_certificate(*one.strict.failure) || !one.same_address || !asked ||
      !is_private(*asked) || !options_.pins.empty())
    return;
  Options options = with_time_left(one.options);
  options.insecure = true;
  one.lax = ask(options);
  if (one.lax->failure) return;
  one.options = options;
  one.verdict = Verdict::opportunistic;
}

}  // namespace

Designation read_designation(const dns::Rdata& svcb) {
  Designation said;
  dns::WireReader reader(svcb.wire);
  said.priority = reader.u16();
  said.target = dns::Name::decode(reader);
  const ByteView params = reader.rest();
  said.params = dns::svc_params_text(params);
  std::string unknown;
  for (dns::WireReader rest(params); !rest.at_end();) {
    const std::uint16_t key = rest.u16();
    const ByteView value = rest.bytes(rest.u16());
    if (key == dns::svc_key::MANDATORY) unknown = first_unknown(value);
    if (key == dns::svc_key::ALPN) said.alpn = names_in(value);
    if (key == dns::svc_key::PORT) said.port = static_cast<std::uint16_t>(value[0] << 8 | value[1]);
    if (key != dns::svc_key::IPV4HINT && key != dns::svc_key::IPV6HINT) continue;
    for (std::string& hint : addresses_in(value, key == dns::svc_key::IPV4HINT ? AF_INET : AF_INET6))
      said.hints.push_back(std::move(hint));
  }
  said.unusable = why_unusable(said, unknown);
  return said;
}

std::vector<Designation> designations_in(const dns::Message& answer, const dns::Name& asked) {
  std::vector<Designation> all;
  for (const dns::Record& record : answer.answers)
    if (record.type == dns::type::SVCB && record.klass == dns::klass::IN && record.owner == asked)
      all.push_back(read_designation(record.rdata));
  std::ranges::stable_sort(all, {}, &Designation::priority);
  if (all.size() > kMostDesignated) all.resize(kMostDesignated);
  for (Designation& one : all)
    if (one.priority > 0 && all.front().priority == 0)
      one.unusable = "beside an alias it does not count (RFC 9460 2.4.1)";
  return all;
}

bool is_private(const net::SocketAddress& address) {
  if (address.is_loopback()) return true;
  if (address.family() == AF_INET) {
    in_addr octets{};
    inet_pton(AF_INET, address.host().c_str(), &octets);
    const std::uint32_t number = ntohl(octets.s_addr);
    return number >> 24 == 10 || number >> 20 == 0xac1 || number >> 16 == 0xc0a8 ||  // RFC 1918
           number >> 16 == 0xa9fe;                                                   // RFC 3927
  }
  const std::string host = address.host();
  in6_addr octets{};
  inet_pton(AF_INET6, host.substr(0, host.find('%')).c_str(), &octets);
  return (octets.s6_addr[0] & 0xfe) == 0xfc ||                               // RFC 4193
         (octets.s6_addr[0] == 0xfe && (octets.s6_addr[1] & 0xc0) == 0x80);  // RFC 4291 §2.5.6
}

Discovery discover(const Options& options) {
  return Discoverer(options).run();
}

const Failure* failure_of(const Discovery& discovery) {
  if (discovery.asked.failure) return &*discovery.asked.failure;
  const auto is_good = [](const Designated& one) {
    return one.verdict == Verdict::verified || one.verdict == Verdict::opportunistic;
  };
  if (std::ranges::any_of(discovery.designated, is_good)) return nullptr;
  for (const Designated& one : discovery.designated)
    if (one.verdict == Verdict::refused) return &*one.strict.failure;
  return nullptr;
}

cli::ExitCode exit_code(const Discovery& discovery) {
  const Failure* const failure = failure_of(discovery);
  return failure != nullptr ? exit_code(*failure) : cli::ok;
}

}  // namespace client
