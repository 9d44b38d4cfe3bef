// PEM files, and what can be wrong with one: TlsError (Kind::file) that names it. For the files of common/tls
// alone.
#pragma once

#include <string>

namespace tls {

void check_readable(const std::string& file, const char* action);

// What is wrong with the content of a file that can be opened, from OpenSSL's error queue. `what` it should
// hold: "certificate".
[[noreturn]] void fail_content(const std::string& file, const char* what, const char* action);

}  // namespace tls
