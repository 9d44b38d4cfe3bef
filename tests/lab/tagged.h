// Answers that carry the question: every name below tag.test has TXT, A and AAAA records made from the name
// itself. Whoever gets the answer of somebody else sees it at once.
#pragma once

#include <optional>

#include "common/dns/message.h"

namespace lab {

bool is_tagged(const dns::Name& name);  // strictly below tag.test

// TXT: the name as text, in the case it was asked in; A and AAAA: a hash of its lower-case form,
// in 10.0.0.0/8 and 2001:db8::/64. Other types: none.
std::optional<dns::Record> tagged_record(const dns::Name& name, std::uint16_t type);

}  // namespace lab
