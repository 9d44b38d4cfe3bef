// The queries on one connection to a resolver, found by the ID that each has there, and in the order in which
// they were sent.
//
// IDs are drawn from the kernel's random source (RFC 5452 §9.2) and are free in this table, so two queries
// that two clients sent under one ID stay two. The table is indexed by an ID's low bits and kept at most half
// full: a draw whose place is taken is drawn again, which makes finding one look-up, and doubling the table
// moves nobody into anybody's place.
//
//   add() ──► awaited ──► its answer comes: remove() ──► the ID is free
//                └──► somebody else has answered, or it was given up ──► the ID stays taken until remove()
//
// One thread at a time.
#pragma once

#include <array>
#include <vector>

#include "proxyserver/upstreams/query.h"

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
  using Clock = Query::Clock;

  struct Entry {
    QueryPtr query;  // null: the place is free
    Clock::time_point sent;
    std::uint16_t id = 0;
    bool gathered = false;  // it left behind another message, in one write
    bool hedged = false;    // its asker has been told that it takes long
    bool awaited = false;   // in the order below
    std::uint16_t older = 0, newer = 0;
  };

  std::uint16_t add(QueryPtr query, bool gathered, Clock::time_point now);
  // Null: that ID is not taken. Valid until the next add().
  Entry* find(std::uint16_t id);
  QueryPtr remove(Entry& entry);

  // The oldest query that somebody still waits for; null: there is none. Those before it leave the order, but
  // keep their IDs.
  Entry* oldest();
  Entry* oldest_not_hedged();
  bool is_oldest(const Entry& entry) const { return entry.awaited && entry.id == oldest_; }

  std::size_t taken() const { return taken_; }      // IDs
  std::size_t awaited() const { return awaited_; }  // at most: some may have ended since oldest() looked

  // Calls `visit` with each awaited query, the oldest first.
  template <typename Visit>
  void for_each_awaited(Visit visit) {
    std::uint16_t id = oldest_;
    for (std::size_t left = awaited_; left > 0; --left) {
      Entry& entry = *find(id);
      id = entry.newer;
      visit(entry);
    }
  }

  std::vector<QueryPtr> take_all();  // those that are awaited; the table is empty then, its memory freed
  void release();                    // when empty: frees the memory

 private:
  void grow();
  void leave_order(Entry& entry);

  std::vector<Entry> slots_;  // a power of two of them
  std::size_t taken_ = 0;
  std::size_t awaited_ = 0;
  std::uint16_t oldest_ = 0, newest_ = 0;  // while awaited_ > 0
  RandomIds ids_;
};
