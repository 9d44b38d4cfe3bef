// The keys that this server seals its session tickets with (RFC 5077 §4): random, never stored, a new one
// twice a day (RFC 9325 §3.4). The one before still opens tickets, so that a client loses nothing at the
// change. Or they were given, and are shared with other copies of this program: then whoever gave them
// changes them. Any thread. For the files of common/tls alone.
#pragma once

#include <array>
#include <chrono>
#include <mutex>
#include <vector>

#include "common/tls/handles.h"

namespace tls {

class TicketKeys {
 public:
  using Clock = std::chrono::steady_clock;

  struct Key {
    std::array<unsigned char, 16> name;  // goes in front of the ticket, in clear
    std::array<unsigned char, 32> encryption;
    std::array<unsigned char, 32> authentication;
    bool operator==(const Key&) const = default;
  };

  TicketKeys();
  // Not empty: the first seals, all of them open, and time changes nothing.
  explicit TicketKeys(std::vector<Key> given);

  // Both make their own, or both were given the same in the same order.
  bool are_as(const TicketKeys& other) const { return given_ == other.given_; }

  void use_in(ssl_ctx_st* context);  // which must not make connections after this object has gone

  Key current(Clock::time_point now);  // makes a new one when it is time
  // The key of that name, current or the one before; false: there is none.
  bool find(const unsigned char* name, Key& key, Clock::time_point now);

 private:
  void rotate_if_due(Clock::time_point now);

  const std::vector<Key> given_;  // empty: those below count
  std::mutex mutex_;              // guards what follows
  Key current_{};
  Key previous_{};
  Clock::time_point made_{};
};

}  // namespace tls
