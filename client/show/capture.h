// --capture: what passed on the wire during a run as a file for Wireshark, with the secrets to decrypt it. No
// privilege is needed, since nothing is overheard: the packets are made up around the octets recorded at the
// socket (common/net/ip_packet.h).
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "client/ask.h"

namespace client {

// The file's octets. Needs Outcome::recording. An attempt to connect that failed before it had an address of
// our own leaves no packet.
Bytes capture_of(const Outcome& outcome);

// Writes it to Files::capture, for its owner alone to read, whole or not at all. The error is a line for
// standard error, without newline.
std::expected<void, std::string> write_capture(const Outcome& outcome, const Options& options);

// The same of --keylog, which was written as the run went on.
std::expected<void, std::string> key_log_kept(const Outcome& outcome, const Options& options);

// What must be said of the files that now hold secrets, and how to read the capture; a line each, without
// newline.
std::vector<std::string> key_log_notes(const Outcome& outcome, const Options& options);
std::vector<std::string> capture_notes(const Outcome& outcome, const Options& options);

}  // namespace client
