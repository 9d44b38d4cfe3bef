// Well-behaved clients beside whatever else goes on: each has a thread and a leg of its own, asks a few
// queries at once, waits for their answers, and asks again. Every query has a name of its own below tag.test,
// and its answer is checked against it.
#pragma once

#include <atomic>
#include <chrono>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/client_leg.h"
#include "tests/support/findings.h"

class Askers {
 public:
  using Time = std::chrono::duration<double, std::milli>;

  struct Manner {
    unsigned count;        // of clients, on all legs in turn
    unsigned at_once = 1;  // queries of each
    std::chrono::milliseconds pace{
        0};  // the next are asked so long after the last, or when those are answered
  };

  // All are connected when this returns; they ask from start() on. The proxy has to have all kinds of
  // listeners (kWithUdp).
  Askers(const Proxy& proxy, Manner manner);
  ~Askers();

  void start() { begin_.count_down(); }

  struct Report {
    unsigned right = 0, failed = 0;  // failed: SERVFAIL
    std::vector<std::string> wrong;  // the first few; a query without an answer is one
    Time median{}, p99{}, slowest{};
    std::string to_string() const;
  };
  Report stop();  // once all that was asked has been answered

 private:
  void run(unsigned number, ClientLeg& leg);
  void ask(unsigned number, ClientLeg& leg, unsigned first, std::vector<Time>& times);

  const Manner manner_;
  std::vector<ClientLeg> legs_;
  std::latch begin_{1};
  std::atomic<bool> over_ = false;
  bool stopped_ = false;
  Findings findings_;
  std::mutex mutex_;  // guards times_
  std::vector<Time> times_;
  std::vector<std::thread> threads_;
};

// The text of the one TXT record of an answer, as zone files have it: in quotes.
std::string txt_of(const dns::Message& reply);
