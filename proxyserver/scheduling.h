// How our threads compete for processors: which policy of sched(7) each of them runs under.
//
// SCHED_OTHER lets a thread that wakes interrupt who runs, so that a query is on its way at once, beside
// programs that keep every processor busy too. Under load that is dear: each of many threads interrupts a
// client that is still writing, to take in one message of several. SCHED_BATCH does not interrupt; one read
// and one write then carry more. In CPU per query that was 0.9 in place of 1 of what it had been for one
// query at a time, and 0.8 for new connections (tests/bench/compare: dot-1, dot-new); beside busy programs it
// is a wait of 4 ms. So it is for a proxy that uses much CPU itself, and only while it does.
#pragma once

#include <chrono>

// Puts the calling thread under the policy for the time being; threads that it starts inherit that. For each
// turn of a thread's loop: cheap, and exact to a tenth of a second. A policy chosen for us, by chrt(1) for
// one, stays. Any thread.
void heed_load(std::chrono::steady_clock::time_point now) noexcept;
