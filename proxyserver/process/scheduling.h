// How our threads compete for processors: the policy of sched(7) that they run under.
//
// SCHED_OTHER lets a thread that wakes interrupt who runs. For many threads that each have little to do that
// is dear: each interrupts the one that has just sent it something and would have sent more, or would soon
// have been done. SCHED_BATCH lets a thread finish; one read and one write then carry more. Figures, and the
// kernel they are of: tests/bench/PROFILE.md.
#pragma once

// Before threads are made: they inherit it. Started under another policy than SCHED_OTHER, by chrt(1) for
// one, we keep that.
void run_in_batches() noexcept;
