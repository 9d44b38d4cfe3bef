// What may be asked for, on the command line and in a batch file alike.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "common/dns/name.h"

namespace client {

std::expected<dns::Name, std::string> question_name(std::string_view word);  // else the complaint

// The complaint about a word that is a URL, or is a server without its '@'; empty for all others.
std::string complaint_about_url(std::string_view word);

// The complaint about TYPEnnn or CLASSnnn (RFC 3597 §5) where `word` is known to be neither a type nor a
// class: there is no such number. Empty for all others.
std::string complaint_about_number(std::string_view word);

// The complaint about a type that is no question but a zone transfer; empty for all others.
std::string complaint_about_type(std::uint16_t type);

}  // namespace client
