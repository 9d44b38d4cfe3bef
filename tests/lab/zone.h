// The classroom's data: records read from a master file (RFC 1035 §5.1), and the answers they give.
//
// One file may hold several zones, one SOA record each; a name belongs to the closest SOA above it. There are
// no delegations: an NS record is a record like any other. A Zone does not change once it is read, so any
// number of threads may ask it.
//
// The reader knows $ORIGIN, $TTL, parentheses, comments, `@`, relative names, lines without owner (the last
// one holds), TTL and class in either order or left out, `\#`, and a $GENERATE in the manner of BIND's:
//
//    $GENERATE 1-3 host$ A 192.0.2.$        the record once for each number; `\$` is a dollar sign
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/dns/message.h"

namespace lab {

// What a resolver that has this data says to one question.
struct Answer {
  std::uint16_t rcode = 0;               // NOERROR, NXDOMAIN, YXDOMAIN, or REFUSED for names of no zone here
  std::vector<dns::Record> answers;      // CNAMEs and DNAMEs on the way, then what was asked for
  std::vector<dns::Record> authorities;  // the SOA, when the name or the type is not there (RFC 2308 §3)
};

class Zone {
 public:
  // Adds all records of a master file; `file` is its name, for the error: one line, "file:line: what". What
  // came before the error is added.
  std::expected<void, std::string> read(std::string_view text, std::string_view file);

  // False, and nothing done, if the record would put a CNAME and other data side by side (RFC 1034 §3.6.2).
  // A record that is there already is not added again (RFC 2181 §5).
  bool add(const dns::Record& record);

  // Follows CNAMEs (RFC 1034 §3.6.2) and DNAMEs (RFC 6672 §3.2) as far as the data goes, and answers from
  // wildcards (RFC 4592). Type ANY gets all the name has. The class must be IN or ANY.
  Answer lookup(const dns::Question& question) const;

  std::vector<dns::Record> records() const;  // all of them, name by name

 private:
  using Node = std::vector<dns::Record>;  // the records of one name; none where only names below it have some

  const Node* find(const dns::Name& name) const;
  const dns::Record* closest(const dns::Name& name, std::uint16_t type) const;
  std::optional<Node> node_for(const dns::Name& name) const;
  std::optional<dns::Name> step(const dns::Name& name, std::uint16_t type, Answer& answer) const;

  std::map<std::string, Node, std::less<>> nodes_;  // by lower-case wire octets
};

// All these files as one body of data; errors as those of Zone::read, or that a file cannot be read.
std::expected<Zone, std::string> load_zones(std::span<const std::string> files);

}  // namespace lab
