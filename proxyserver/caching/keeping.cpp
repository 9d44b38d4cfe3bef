#include "proxyserver/caching/keeping.h"

#include <algorithm>

#include "common/dns/codes.h"
#include "common/dns/name.h"
#include "common/dns/opt_splice.h"

namespace {

using std::chrono::seconds;

constexpr std::uint8_t kAuthoritative = 0x04;  // AA, in the third octet of a header
constexpr std::size_t kLeastSoa = 22;          // two names and five numbers

std::uint32_t sane(std::uint32_t ttl) {
  return (ttl & 0x80000000) != 0 ? 0 : ttl;
}

void put_u32(Bytes& wire, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) wire[at + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

// The records of a message, one after the other. Well-formed: inspect() has seen it.
class Records {
 public:
  explicit Records(const dns::MessageView& message) : reader_(message.bytes), header_(message.header) {
    reader_.bytes(dns::kHeaderSize + message.question.size());
  }

  struct Record {
    bool in_answer;
    bool in_authority;
    std::uint16_t type;
    std::size_t ttl_offset;
    std::uint32_t ttl;
    ByteView rdata;
  };

  bool next(Record& record) {
    if (reader_.at_end()) return false;
    const unsigned index = count_++;
    const unsigned answers = header_.ancount;
    record.in_answer = index < answers;
    record.in_authority = !record.in_answer && index < answers + header_.nscount;
    dns::skip_name(reader_);
    record.type = reader_.u16();
    reader_.u16();
    record.ttl_offset = reader_.offset();
    record.ttl = sane(reader_.u32());
    record.rdata = reader_.bytes(reader_.u16());
    return reader_.ok();
  }

 private:
  dns::WireReader reader_;
  const dns::Header header_;
  unsigned count_ = 0;
};

// RFC 2308 §5: how long nothing may be believed.
std::uint32_t negative_ttl(const Records::Record& soa) {
  dns::WireReader minimum(soa.rdata.last(4));
  return std::min({soa.ttl, sane(minimum.u32()), static_cast<std::uint32_t>(kMostNegative.count())});
}

}  // namespace

bool may_keep(const dns::MessageView& answer, const TtlBounds& bounds, Keepable& out) {
  const std::uint16_t rcode = answer.rcode();
  out.is_failure = rcode == dns::rcode::SERVFAIL;
  if (answer.is_signed || answer.header.tc || answer.header.qdcount != 1) return false;
  if (!out.is_failure && rcode != dns::rcode::NOERROR && rcode != dns::rcode::NXDOMAIN) return false;

  if (!dns::splice_opt(answer, {}, out.wire)) out.wire.assign(answer.bytes.begin(), answer.bytes.end());
  const auto view = dns::inspect(out.wire);
  if (!view || view->is_signed || (view->opt && view->opt->end != out.wire.size())) return false;
  out.opt = view->opt ? static_cast<std::uint16_t>(view->opt->offset) : 0;
  out.wire[2] = static_cast<std::uint8_t>(out.wire[2] & ~kAuthoritative);

  // Positive: there is what was asked for, if only behind aliases.
  bool positive = false;
  bool has_soa = false;
  Records::Record record{};
  for (Records records(*view); records.next(record);) {
    if (record.in_answer && (record.type == view->qtype || view->qtype == dns::type::ANY)) positive = true;
    if (record.in_authority && record.type == dns::type::SOA && record.rdata.size() >= kLeastSoa)
      has_soa = true;
  }
  positive = positive && rcode == dns::rcode::NOERROR;
  if (!out.is_failure && !positive && !has_soa) return false;

  out.ttls.clear();
  out.lifetime = out.is_failure ? kFailureLifetime : bounds.most;
  const bool negative = !positive && !out.is_failure;
  for (Records records(*view); records.next(record);) {
    if (record.type == dns::type::OPT) continue;
    const bool limits =
        negative && record.in_authority && record.type == dns::type::SOA && record.rdata.size() >= kLeastSoa;
    const seconds ttl = std::clamp(seconds(limits ? negative_ttl(record) : record.ttl),
                                   std::min(bounds.least, bounds.most), bounds.most);
    put_u32(out.wire, record.ttl_offset, static_cast<std::uint32_t>(ttl.count()));
    out.ttls.push_back(static_cast<std::uint16_t>(record.ttl_offset));
    if (!out.is_failure) out.lifetime = std::min(out.lifetime, ttl);
  }
  return out.lifetime > seconds(0);
}
