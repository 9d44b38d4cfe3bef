// A connection to a resolver while it carries queries of one session: what it still owes, what can be written
// and read now, and whether it may serve others afterwards. Whom to ask, and what becomes of the queries when
// it dies, is for the forwarder to decide. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <poll.h>
#include <string>
#include <vector>

#include "proxyserver/upstream.h"

struct Leg {
  using Clock = std::chrono::steady_clock;

  // What the trace needs to know; there is one from the first query on, where there is a trace.
  struct Traced {
    std::string client, local;               // for which it was leased; our end of it
    std::optional<Clock::time_point> begun;  // a new connection that is not ready yet
    std::vector<std::uint16_t> queued;       // IDs of the queries that have not left yet
  };

  // Sends what its writer holds; true once all of that has left. Throws what its stream throws, as fill()
  // does.
  bool write(Clock::time_point now);
  // One read. True: octets came, and what is whole of them is in the lease's reader; false: nothing now.
  // Throws when the far end has closed, too.
  bool fill();

  pollfd poll_entry(bool reads) const;
  bool fit_for_pool() const;  // once nothing is owed: nobody will find there what was meant for us

  Lease lease;                    // empty: the leg is not open
  std::size_t owed = 0;           // answers that queries in flight expect from here
  bool owes_late_one = false;     // an answer may come whose query has ended
  bool wants_write = false;       // the socket is full, or not connected yet
  bool answered = false;          // an answer has come over it
  bool read_wants_write = false;  // TLS must send (a KeyUpdate's reply) before it can read on
  bool single_records = false;    // each message leaves in a TLS record of its own
  bool measuring = false;         // open for one query that measures the resolver: others do not follow it
  std::optional<Clock::time_point> carried;  // since when queries have left over it: it is connected
  std::unique_ptr<Traced> traced;
  Clock::time_point last_heard{};  // its last answer, or when it was first asked since
};
