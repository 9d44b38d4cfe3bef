// What may be asked for, on the command line and in a batch file alike.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "common/dns/name.h"

namespace client {

std::expected<dns::Name, std::string> question_name(std::string_view word);  // else the complaint

// The complaint about a type that is no question but a zone transfer; empty for all others.
std::string complaint_about_type(std::uint16_t type);

}  // namespace client
