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
  std::string_view rfc;
};

constexpr Form kForms[] = {
    {type::A, kAddress4, "RFC 1035 3.4.1"},
    {type::NS, kNs, "RFC 1035 3.3.11"},
    {type::CNAME, kCname, "RFC 1035 3.3.1"},
    {type::SOA, kSoa, "RFC 1035 3.3.13"},
    {type::PTR, kPtr, "RFC 1035 3.3.12"},
    {type::HINFO, kHinfo, "RFC 1035 3.3.2"},
    {type::MX, kMx, "RFC 1035 3.3.9"},
    {type::TXT, kText, "RFC 1035 3.3.14"},
    {type::RP, kRp, "RFC 1183 2.2"},
    {type::AFSDB, kAfsdb, "RFC 1183 1"},
    {type::AAAA, kAddress6, "RFC 3596 2.2"},
    {type::LOC, kLoc, "RFC 1876 2"},
    {type::SRV, kSrv, "RFC 2782"},
    {type::NAPTR, kNaptr, "RFC 3403 4.1"},
    {type::DNAME, kDname, "RFC 6672 2.1"},
    {type::DS, kDs, "RFC 4034 5.1"},
    {type::SSHFP, kSshfp, "RFC 4255 3.1"},
    {type::RRSIG, kRrsig, "RFC 4034 3.1"},
    {type::NSEC, kNsec, "RFC 4034 4.1"},
    {type::DNSKEY, kDnskey, "RFC 4034 2.1"},
    {type::NSEC3, kNsec3, "RFC 5155 3.2"},
    {type::NSEC3PARAM, kNsec3param, "RFC 5155 4.2"},
    {type::TLSA, kTlsa, "RFC 6698 2.1"},
    {type::SMIMEA, kTlsa, "RFC 8162 2"},
    {type::CDS, kDs, "RFC 7344 3.1"},
    {type::CDNSKEY, kDnskey, "RFC 7344 3.2"},
    {type::OPENPGPKEY, kOpenpgpkey, "RFC 7929 2.1"},
    {type::CSYNC, kCsync, "RFC 7477 2.1.1"},
    {type::ZONEMD, kZonemd, "RFC 8976 2.2"},
    {type::SVCB, kSvcb, "RFC 9460 2.2"},
    {type::HTTPS, kSvcb, "RFC 9460 2.2"},
    {type::SPF, kText, "RFC 7208 3.1"},
    {type::EUI48, kEui48, "RFC 7043 3.1"},
    {type::EUI64, kEui64, "RFC 7043 4.1"},
    {type::URI, kUri, "RFC 7553 4.5"},
    {type::CAA, kCaa, "RFC 8659 4.1"},
    {3, kMailName, "RFC 1035 3.3.4"},  // MD
    {4, kMailName, "RFC 1035 3.3.5"},  // MF
    {7, kMailName, "RFC 1035 3.3.3"},  // MB
    {8, kMailName, "RFC 1035 3.3.6"},  // MG
    {9, kMailName, "RFC 1035 3.3.8"},  // MR
    {14, kMinfo, "RFC 1035 3.3.7"},
    {21, kRt, "RFC 1183 3.3"},
    {26, kPx, "RFC 2163 4"},
};

const Form& form_of(std::uint16_t type) {
  static constexpr Form kUnknown = {0, kOpaque, "RFC 3597 3"};
  const auto form = std::ranges::find(kForms, type, &Form::type);
  return form != std::end(kForms) ? *form : kUnknown;
}

}  // namespace

std::span<const Field> rdata_form(std::uint16_t type) {
  return form_of(type).fields;
}

std::string_view rdata_rfc(std::uint16_t type) {
  return form_of(type).rfc;
}

}  // namespace dns
