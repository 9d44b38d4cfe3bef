// What --help and --version say.
#pragma once

#include <string>
#include <string_view>

namespace client {

std::string_view help_text();
std::string version_text();

}  // namespace client
