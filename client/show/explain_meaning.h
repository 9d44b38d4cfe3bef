// What a field of a DNS message means, in a few words for a student.
#pragma once

#include <string>

#include "common/dns/fields.h"

namespace client {

std::string meaning_of(const dns::WireField& field);
// `answer`: the bits are those of a message whose QR says so.
std::string meaning_of(const dns::BitField& bits, bool answer);
// Where the bits are described: "RFC 4035 3.2.3". `field` is the word that they are in.
std::string_view rfc_of(const dns::BitField& bits, const dns::WireField& field);

}  // namespace client
