#include "tests/lab/zone.h"

#include <algorithm>

#include "common/dns/codes.h"

namespace lab {
namespace {

using dns::Name;
using dns::Record;

// No honest chain is as long. A loop of CNAMEs ends sooner, a DNAME below itself only here.
constexpr int kMaxChain = 16;

constexpr std::uint16_t kYxdomain = 6;  // RFC 6672 §2.2

std::string key_of(const Name& name) {
  std::string key(name.wire().begin(), name.wire().end());
  for (char& c : key)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');  // length octets are below 'A'
  return key;
}

// The name in RDATA that consists of one: CNAME's and DNAME's.
Name target_of(const Record& record) {
  dns::WireReader reader(record.rdata.wire);
  return Name::decode(reader);
}

// RFC 2181 §10.1, RFC 4035 §2.5: only DNSSEC's own records may stand beside a CNAME.
bool may_stand_beside_cname(std::uint16_t type) {
  return type == dns::type::CNAME || type == dns::type::RRSIG || type == dns::type::NSEC;
}

// The labels of `name` above `ancestor` cut off: "a.b" of "a.b.example.com" and "example.com".
Name prefix_of(const Name& name, const Name& ancestor) {
  const ByteView wire = name.wire();
  Bytes octets(wire.begin(), wire.end() - static_cast<std::ptrdiff_t>(ancestor.wire().size()));
  octets.push_back(0);
  dns::WireReader reader(octets);
  return Name::decode(reader);
}

// RFC 6672 §3.1: the CNAME that a DNAME stands for, for this one name; nothing if it would be too long.
std::optional<Record> synthesized_cname(const Record& dname, const Name& name) {
  const auto target = prefix_of(name, dname.owner).below(target_of(dname));
  if (!target) return std::nullopt;
  const ByteView wire = target->wire();
  return Record{
      name, dns::type::CNAME, dname.klass, dname.ttl, {dns::type::CNAME, {wire.begin(), wire.end()}}};
}

// What a DNAME above `name` answers (RFC 6672 §3.2), and where it leads.
std::optional<Name> redirect(const Record& dname, const Name& name, std::uint16_t type, Answer& answer) {
  answer.answers.push_back(dname);
  const auto cname = synthesized_cname(dname, name);
  if (!cname) {
    answer.rcode = kYxdomain;
    return std::nullopt;
  }
  answer.answers.push_back(*cname);
  if (type == dns::type::CNAME || type == dns::type::ANY) return std::nullopt;
  return target_of(*cname);
}

// RFC 2308 §3: a negative answer lives as long as the lesser of the SOA's TTL and its MINIMUM, its last
// field.
Record negative_soa(Record soa) {
  const Bytes& wire = soa.rdata.wire;
  dns::WireReader reader(ByteView(wire).last(4));
  soa.ttl = std::min(soa.ttl, reader.u32());
  return soa;
}

}  // namespace

bool Zone::add(const Record& record) {
  Node& node = nodes_[key_of(record.owner)];
  const bool is_cname = record.type == dns::type::CNAME;
  for (const Record& other : node) {
    if (other.type == record.type && other.rdata == record.rdata) return true;
    const bool has_cname = is_cname || other.type == dns::type::CNAME;
    const bool second_cname = is_cname && other.type == dns::type::CNAME;
    if (second_cname ||
        (has_cname && !(may_stand_beside_cname(record.type) && may_stand_beside_cname(other.type))))
      return false;
  }
  node.push_back(record);
  // Names above one that exists do exist, if only as empty non-terminals (RFC 4592 §2.2.2).
  for (Name name = record.owner.parent(); !name.is_root(); name = name.parent()) nodes_[key_of(name)];
  return true;
}

const Zone::Node* Zone::find(const Name& name) const {
  const auto found = nodes_.find(key_of(name));
  return found == nodes_.end() ? nullptr : &found->second;
}

// The record of this type at `name` or at the closest name above it.
const Record* Zone::closest(const Name& name, std::uint16_t type) const {
  for (Name at = name;; at = at.parent()) {
    if (const Node* node = find(at)) {
      const auto record = std::ranges::find(*node, type, &Record::type);
      if (record != node->end()) return &*record;
    }
    if (at.is_root()) return nullptr;
  }
}

// The records of a name, be it that they are made from a wildcard's (RFC 4592 §3.3): the one right below the
// closest name that exists, and no other. Nothing: there is no such name.
std::optional<Zone::Node> Zone::node_for(const Name& name) const {
  if (const Node* node = find(name)) return *node;
  Name encloser = name.parent();
  while (!encloser.is_root() && find(encloser) == nullptr) encloser = encloser.parent();
  const auto wildcard = Name::parse("*.")->below(encloser);
  const Node* source = wildcard ? find(*wildcard) : nullptr;
  if (source == nullptr) return std::nullopt;
  Node node = *source;
  for (Record& record : node) record.owner = name;
  return node;
}

// Answers for one name of the chain. The next one, if the chain goes on.
std::optional<Name> Zone::step(const Name& name, std::uint16_t type, Answer& answer) const {
  const Record* soa = closest(name, dns::type::SOA);
  if (soa == nullptr) {  // someone else's name: refused, unless a chain led here, which is the answer then
    if (answer.answers.empty()) answer.rcode = dns::rcode::REFUSED;
    return std::nullopt;
  }
  const Record* dname = name.is_root() ? nullptr : closest(name.parent(), dns::type::DNAME);
  if (dname != nullptr && dname->owner.is_within(soa->owner)) return redirect(*dname, name, type, answer);

  const auto node = node_for(name);
  if (!node) {  // RFC 6604 §3: the code tells of the chain's last name
    answer.rcode = dns::rcode::NXDOMAIN;
    answer.authorities.push_back(negative_soa(*soa));
    return std::nullopt;
  }
  const std::size_t before = answer.answers.size();
  for (const Record& record : *node)
    if (record.type == type || type == dns::type::ANY) answer.answers.push_back(record);
  if (answer.answers.size() > before) return std::nullopt;
  const auto cname = std::ranges::find(*node, dns::type::CNAME, &Record::type);
  if (cname == node->end()) {
    answer.authorities.push_back(negative_soa(*soa));
    return std::nullopt;
  }
  if (std::ranges::find(answer.answers, *cname) != answer.answers.end()) return std::nullopt;  // a loop
  answer.answers.push_back(*cname);
  return target_of(*cname);
}

Answer Zone::lookup(const dns::Question& question) const {
  Answer answer;
  if (question.klass != dns::klass::IN && question.klass != dns::klass::ANY) {
    answer.rcode = dns::rcode::REFUSED;
    return answer;
  }
  std::optional<Name> name = question.name;
  for (int length = 0; name && length < kMaxChain; ++length) name = step(*name, question.type, answer);
  return answer;
}

std::vector<Record> Zone::records() const {
  std::vector<Record> all;
  for (const auto& [key, node] : nodes_) all.insert(all.end(), node.begin(), node.end());
  return all;
}

}  // namespace lab
