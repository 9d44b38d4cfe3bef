// The faults of a connection that never becomes TLS: what labresolver plays on a tls:// port instead.
#pragma once

#include "common/net/unique_fd.h"
#include "tests/lab/faults.h"

namespace lab {

bool is_scripted(const Faults& faults);

// Plays its part over an accepted socket until the peer goes away or `stop` becomes readable.
void play_scripted_peer(net::UniqueFd socket, const Faults& faults, int stop);

}  // namespace lab
