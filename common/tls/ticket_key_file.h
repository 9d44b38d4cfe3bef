// The file of ticket keys that copies of this program share. One key per line: 80 octets in base64, which are
// 16 of its name, 32 for HMAC-SHA256 and 32 for AES-256-CBC, as HAProxy and nginx have them. The first key
// seals; all open. Empty lines, and those that begin with '#', do not count. For the files of common/tls
// alone.
#pragma once

#include <string>
#include <vector>

#include "common/tls/ticket_keys.h"

namespace tls {

// One to 16 keys. Throws TlsError (Kind::file) that names the file and the line, and quotes nothing of it;
// for a file that everybody can read, too: with these keys recorded sessions can be read (RFC 5077 §5.5).
std::vector<TicketKeys::Key> read_ticket_keys(const std::string& file);

}  // namespace tls
