// What a field of a DNS message means, in a few words for a student.
#pragma once

#include <string>

#include "common/dns/fields.h"

namespace client {

std::string meaning_of(const dns::WireField& field);
// `answer`: the bits are those of a message whose QR says so.
std::string meaning_of(const dns::BitField& bits, bool answer);

}  // namespace client
