#include "proxyserver/asking/announcement.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>

#include "common/dns/codes.h"
#include "proxyserver/asking/reply.h"

namespace {

constexpr std::uint32_t kTtl = 300;  // of what is there, and of what is not: --announce comes and goes
constexpr std::uint8_t kAuthoritative = 0x04;  // AA, in the third octet of a header (RFC 1035 §4.1.1)
constexpr std::uint16_t kDotPort = 853;
constexpr std::size_t kAnswers = 6, kAuthorities = 8, kAdditionals = 10;  // the counts in a header

const dns::Name& zone() {
  static const dns::Name name = dns::Name::parse("resolver.arpa.").value();
  return name;
}

const dns::Name& asked_for() {
  static const dns::Name name = dns::Name::parse("_dns.resolver.arpa.").value();
  return name;
}

// RFC 6303 §3, but for its three hours.
const dns::Rdata& soa() {
  static const dns::Rdata rdata =
      dns::parse_rdata(dns::type::SOA,
                       fmt::format("resolver.arpa. nobody.invalid. 1 3600 1200 604800 {}", kTtl))
          .value();
  return rdata;
}

bool is_wildcard(const std::string& host) {
  return host == "0.0.0.0" || host == "::";
}

// What listens at one port.
struct Listeners {
  std::vector<std::string> ipv4, ipv6;
  bool any_ipv4 = false, any_ipv6 = false;

  void add(const net::SocketAddress& address) {
    const std::string host = address.host();
    const bool is_ipv4 = address.family() == AF_INET;
    if (is_wildcard(host))
      (is_ipv4 ? any_ipv4 : any_ipv6) = true;
    else if (host.find('%') == std::string::npos)  // a zone means something to this machine only
      (is_ipv4 ? ipv4 : ipv6).push_back(host);
  }
};

dns::Rdata service(const std::string& target, std::uint16_t port, const Listeners& listeners) {
  std::string text = fmt::format("1 {} alpn=dot", target);
  if (port != kDotPort) text += fmt::format(" port={}", port);  // RFC 9461 §4.2
  if (!listeners.ipv4.empty()) text += fmt::format(" ipv4hint={}", fmt::join(listeners.ipv4, ","));
  if (!listeners.ipv6.empty()) text += fmt::format(" ipv6hint={}", fmt::join(listeners.ipv6, ","));
  return dns::parse_rdata(dns::type::SVCB, text).value();
}

class Reply {
 public:
  // `bare`: header, question (of `name`), and perhaps an OPT, which comes last.
  Reply(const Bytes& bare, const dns::Name& name) : bare_(bare), view_(dns::inspect(bare).value()) {
    writer_.bytes(ByteView(bare).first(dns::kHeaderSize));
    writer_.compressed_name(name);  // the same octets, and known to the writer
    writer_.bytes(view_.question.last(4));
  }

  void add(std::size_t count, const dns::Name& owner, const dns::Rdata& rdata) {
    writer_.compressed_name(owner);
    writer_.u16(rdata.type);
    writer_.u16(dns::klass::IN);
    writer_.u32(kTtl);
    const std::size_t length = writer_.size();
    writer_.u16(0);
    dns::encode_rdata(rdata, writer_);
    writer_.patch_u16(length, static_cast<std::uint16_t>(writer_.size() - length - 2));
    ++counts_[count];
  }

  Bytes take() {
    writer_.bytes(ByteView(bare_).subspan(dns::kHeaderSize + view_.question.size()));
    counts_[kAdditionals] += view_.header.arcount;
    for (const auto& [at, count] : counts_) writer_.patch_u16(at, count);
    Bytes octets = writer_.take();
    octets[2] |= kAuthoritative;
    return octets;
  }

 private:
  const Bytes& bare_;
  dns::MessageView view_;
  dns::WireWriter writer_;
  std::map<std::size_t, std::uint16_t> counts_;
};

}  // namespace

std::string complaint_about_announced(const std::string& name) {
  const auto parsed = dns::Name::parse(name);
  if (!net::is_host_name(name) || !parsed)
    return fmt::format("'{}' is not a host's name, such as dns.example.net", name);
  if (parsed->is_within(zone())) return fmt::format("'{}' is nobody's own name: RFC 9462 §4", name);
  return {};
}

Announcement announce(const std::string& name, std::span<const net::Endpoint> listeners) {
  Announcement announced;
  if (name.empty()) return announced;
  announced.target = dns::Name::parse(name).value();
  std::map<std::uint16_t, Listeners> ports;
  for (const net::Endpoint& listener : listeners)
    if (listener.transport == net::Transport::tls && !listener.proxied)
      ports[listener.address.port()].add(listener.address);
  for (const auto& [port, at] : ports)
    announced.designated.push_back(service(announced.target.to_string(), port, at));
  if (ports.size() != 1) return announced;  // a name has addresses, but no ports that go with them
  const Listeners& all = ports.begin()->second;
  if (!all.any_ipv4)
    for (const std::string& host : all.ipv4)
      announced.addresses.push_back(dns::parse_rdata(dns::type::A, host).value());
  if (!all.any_ipv6)
    for (const std::string& host : all.ipv6)
      announced.addresses.push_back(dns::parse_rdata(dns::type::AAAA, host).value());
  return announced;
}

Bytes answer_here(ByteView message, const Screening& screening, const Announcement& announced) {
  Bytes bare = error_reply(message, screening.rcode);
  const dns::MessageView& query = screening.query;
  if (!screening.is_query() || query.qclass != dns::klass::IN) return bare;
  dns::WireReader reader(query.question);
  const dns::Name name = dns::Name::decode(reader);
  const auto asks_for = [&](std::uint16_t type) {
    return query.qtype == type || query.qtype == dns::type::ANY;
  };
  Reply reply(bare, name);
  if (name == asked_for() && asks_for(dns::type::SVCB) && !announced.designated.empty()) {
    for (const dns::Rdata& rdata : announced.designated) reply.add(kAnswers, name, rdata);
    for (const dns::Rdata& rdata : announced.addresses) reply.add(kAdditionals, announced.target, rdata);
  } else if (name == zone() && asks_for(dns::type::SOA)) {
    reply.add(kAnswers, name, soa());
  } else {
    reply.add(kAuthorities, zone(), soa());  // RFC 2308 §5: then it is known for how long
  }
  return reply.take();
}
