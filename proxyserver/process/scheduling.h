// How our threads compete for processors: which policy of sched(7) each of them runs under.
//
// SCHED_OTHER lets a thread that wakes interrupt who runs, so that a query is on its way at once, beside
// programs that keep every processor busy too. Under load that is dear: each of many threads interrupts a
// client that is still writing, to take in one message of several. SCHED_BATCH does not interrupt; one read
// and one write then carry more. CPU per query falls to 0.8 to 0.9 of what it is under SCHED_OTHER (figures,
// and the kernel they are of: tests/bench/PROFILE.md); but beside busy programs each query waits 4 ms. So it
// is for a proxy that itself uses much CPU, a quarter of a processor, and only while it does.
#pragma once

#include <chrono>

// Puts the calling thread under the policy that becomes the process now; threads that it starts inherit that.
// For each turn of a thread's loop: cheap, as the process's CPU time is looked at every 100 ms at most.
// Started under another policy than SCHED_OTHER, by chrt(1) for one, we keep that. Any thread.
void heed_load(std::chrono::steady_clock::time_point now) noexcept;
