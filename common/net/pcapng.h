// Captures as Wireshark reads them: the blocks of a pcapng file (draft-ietf-opsawg-pcapng), which make one
// when they are put one behind the other. A file that ends after any block is whole. Pure; any thread.
//
//   section_header()  interface_description()  { decryption_secrets(…) | packet(…) }
//
// The secrets go ahead of the packets that they open: a reader that goes through the file once needs them
// there.
#pragma once

#include <chrono>
#include <string_view>

#include "common/bytes.h"

namespace net::pcapng {

// §4.1, with the program's name and a remark for whoever opens the file.
Bytes section_header(std::string_view program, std::string_view comment);

// §4.2: the one interface of the file; its packets begin with their IP header (LINKTYPE_RAW), their times
// count nanoseconds.
Bytes interface_description();

// §4.7: lines of the TLS key log, each with its newline.
Bytes decryption_secrets(std::string_view key_log);

// §4.3: one whole packet, of at most 65,535 octets.
Bytes packet(std::chrono::system_clock::time_point when, ByteView ip_packet);

}  // namespace net::pcapng
