#include "common/dns/rdata_table.h"

#include <algorithm>
#include <initializer_list>

#include "common/dns/codes.h"

namespace dns {
namespace {

using enum FieldKind;

// Forms that several types share have a name.
constexpr Field kAddress4[] = {{"address", ipv4}};
constexpr Field kAddress6[] = {{"address", ipv6}};
constexpr Field kNs[] = {{"nsdname", compressible_name}};
constexpr Field kCname[] = {{"cname", compressible_name}};
constexpr Field kPtr[] = {{"ptrdname", compressible_name}};
constexpr Field kSoa[] = {{"mname", compressible_name},
                          {"rname", compressible_name},
                          {"serial", u32},
                          {"refresh", ttl},
                          {"retry", ttl},
                          {"expire", ttl},
                          {"minimum", ttl}};
constexpr Field kHinfo[] = {{"cpu", string}, {"os", string}};
constexpr Field kMx[] = {{"preference", u16}, {"exchange", compressible_name}};
constexpr Field kText[] = {{"txt-data", strings}};
constexpr Field kRp[] = {{"mbox-dname", expandable_name}, {"txt-dname", expandable_name}};
constexpr Field kAfsdb[] = {{"subtype", u16}, {"hostname", expandable_name}};
constexpr Field kLoc[] = {{"location", location}};
constexpr Field kSrv[] = {{"priority", u16}, {"weight", u16}, {"port", u16}, {"target", expandable_name}};
constexpr Field kNaptr[] = {{"order", u16},       {"preference", u16}, {"flags", string},
                            {"services", string}, {"regexp", string},  {"replacement", expandable_name}};
constexpr Field kDname[] = {{"target", plain_name}};
constexpr Field kDs[] = {
    {"key-tag", u16}, {"algorithm", algorithm}, {"digest-type", u8}, {"digest", hex_rest, 1}};
constexpr Field kSshfp[] = {{"algorithm", u8}, {"fp-type", u8}, {"fingerprint", hex_rest, 1}};
constexpr Field kRrsig[] = {
    {"type-covered", type_code},  {"algorithm", algorithm}, {"labels", u8},   {"original-ttl", u32},
    {"expiration", timestamp},    {"inception", timestamp}, {"key-tag", u16}, {"signer", plain_name},
    {"signature", base64_rest, 1}};
constexpr Field kNsec[] = {{"next-domain", plain_name}, {"types", type_bitmap, 3}};
constexpr Field kDnskey[] = {
    {"flags", u16}, {"protocol", u8}, {"algorithm", algorithm}, {"public-key", base64_rest, 1}};
constexpr Field kNsec3[] = {{"hash-algorithm", u8}, {"flags", u8},         {"iterations", u16},
                            {"salt", salt},         {"next-hashed", hash}, {"types", type_bitmap}};
constexpr Field kNsec3param[] = {{"hash-algorithm", u8}, {"flags", u8}, {"iterations", u16}, {"salt", salt}};
constexpr Field kTlsa[] = {
    {"usage", u8}, {"selector", u8}, {"matching-type", u8}, {"association", hex_rest, 1}};
constexpr Field kOpenpgpkey[] = {{"key", base64_rest, 1}};
constexpr Field kCsync[] = {{"serial", u32}, {"flags", u16}, {"types", type_bitmap}};
constexpr Field kZonemd[] = {
    {"serial", u32}, {"scheme", u8}, {"hash-algorithm", u8}, {"digest", hex_rest, 12}};  // RFC 8976 §2.2.4
constexpr Field kSvcb[] = {{"priority", u16}, {"target", plain_name}, {"params", svc_params}};
constexpr Field kEui48[] = {{"address", eui48}};
constexpr Field kEui64[] = {{"address", eui64}};
constexpr Field kUri[] = {{"priority", u16}, {"weight", u16}, {"target", quoted_rest}};
constexpr Field kCaa[] = {{"flags", u8}, {"tag", tag}, {"value", quoted_rest}};

// Types nobody publishes any more. Their names may come compressed (RFC 3597 §4), so they cannot be left
// opaque.
constexpr Field kMailName[] = {{"mailbox", compressible_name}};
constexpr Field kMinfo[] = {{"rmailbx", compressible_name}, {"emailbx", compressible_name}};
constexpr Field kRt[] = {{"preference", u16}, {"intermediate-host", expandable_name}};
constexpr Field kPx[] = {{"preference", u16}, {"map822", expandable_name}, {"mapx400", expandable_name}};

constexpr Field kOpaque[] = {{"data", opaque}};

struct Form {
  std::uint16_t type;
  std::span<const Field> fields;
};

constexpr Form kForms[] = {
    {type::A, kAddress4},
    {type::NS, kNs},
    {type::CNAME, kCname},
    {type::SOA, kSoa},
    {type::PTR, kPtr},
    {type::HINFO, kHinfo},
    {type::MX, kMx},
    {type::TXT, kText},
    {type::RP, kRp},
    {type::AFSDB, kAfsdb},
    {type::AAAA, kAddress6},
    {type::LOC, kLoc},
    {type::SRV, kSrv},
    {type::NAPTR, kNaptr},
    {type::DNAME, kDname},
    {type::DS, kDs},
    {type::SSHFP, kSshfp},
    {type::RRSIG, kRrsig},
    {type::NSEC, kNsec},
    {type::DNSKEY, kDnskey},
    {type::NSEC3, kNsec3},
    {type::NSEC3PARAM, kNsec3param},
    {type::TLSA, kTlsa},
    {type::SMIMEA, kTlsa},
    {type::CDS, kDs},
    {type::CDNSKEY, kDnskey},
    {type::OPENPGPKEY, kOpenpgpkey},
    {type::CSYNC, kCsync},
    {type::ZONEMD, kZonemd},
    {type::SVCB, kSvcb},
    {type::HTTPS, kSvcb},
    {type::SPF, kText},
    {type::EUI48, kEui48},
    {type::EUI64, kEui64},
    {type::URI, kUri},
    {type::CAA, kCaa},
    {3, kMailName},  // MD
    {4, kMailName},  // MF
    {7, kMailName},  // MB
    {8, kMailName},  // MG
    {9, kMailName},  // MR
    {14, kMinfo},
    {21, kRt},
    {26, kPx},
};

}  // namespace

std::span<const Field> rdata_form(std::uint16_t type) {
  const auto form = std::ranges::find(kForms, type, &Form::type);
  return form != std::end(kForms) ? form->fields : std::span<const Field>(kOpaque);
}

}  // namespace dns
