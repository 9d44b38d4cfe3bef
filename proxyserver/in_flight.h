// The queries of one session that wait for their answers, found by the ID they were given upstream.
//
// IDs are drawn from the kernel's random source (RFC 5452 §9.2) and are free in this table, so two queries
// that a client sent under one ID stay two. The table is indexed by an ID's low bits and kept at most half
// full: a draw whose place is taken is drawn again, which makes finding one look-up, and doubling the table
// moves nobody into anybody's place. One thread.
#pragma once

#include <array>
#include <chrono>
#include <vector>

#include "common/bytes.h"
#include "common/dns/message_view.h"
#include "common/dns/opt_splice.h"

// What a client's EDNS said about its own hop, which the answer has to heed.
struct Asked {
  bool has_opt = false;
  bool padded = false;
  bool keepalive = false;
  std::uint16_t udp_size = 512;  // what it can take over UDP (RFC 6891 §6.2.3)
};
Asked asked_by(const dns::MessageView& query);

struct Query {
  Bytes message;          // as it goes upstream: as received, but for the ID and this hop's EDNS options
  dns::MessageView view;  // of `message`
  std::uint16_t id = 0;   // upstream
  std::uint16_t client_id = 0;
  std::uint32_t origin = 0;  // the UDP service's note of where it came from
  Asked asked;
  std::uint8_t legs = 0;   // one bit per upstream connection that has been sent it and may still answer
  std::uint8_t sends = 0;  // at most three (RFC 9520 §3.1)
  bool waiting = false;    // in flight: true from add() to remove()
  std::chrono::steady_clock::time_point sent;  // the last time
  std::chrono::steady_clock::time_point deadline;
};

// 16-bit numbers from getrandom(2), fetched many at a time.
class RandomIds {
 public:
  std::uint16_t next();

 private:
  std::array<std::uint16_t, 32> drawn_;
  std::size_t left_ = 0;
};

class InFlight {
 public:
  // Copies `query` in the form it goes upstream in, gives it an ID. References stay valid until the next
  // add() or release().
  Query& add(const dns::MessageView& query, const dns::OptSplice& upstream_options);
  Query* find(std::uint16_t id);
  void remove(Query& query);

  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  std::size_t octets() const { return octets_; }  // of their messages
  void release();                                 // when empty: frees the memory

  // Calls `visit` with every query in flight; it may remove that query.
  template <typename Visit>
  void for_each(Visit visit) {
    for (std::size_t i = 0; i < slots_.size(); ++i)
      if (slots_[i].waiting) visit(slots_[i]);
  }

 private:
  void grow();

  std::vector<Query> slots_;  // a power of two of them
  std::size_t count_ = 0;
  std::size_t octets_ = 0;
  RandomIds ids_;
};
