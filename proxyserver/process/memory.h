// What memory a quiet session can do without goes back to the system. Ten thousand idle clients are then ten
// thousand small things, whatever they did before. Any thread, except where it says otherwise.
#pragma once

// Before all else in main(): starts this program anew with glibc's caches of freed chunks turned off, which
// only the environment can do, and only at the start. There is one such cache per thread: 12 of 44 kB that an
// idle client costs lie there, left behind by its handshake; without them a query costs 3 % more
// instructions. Does nothing where GLIBC_TUNABLES is set already (by us, or by somebody who knows better),
// nor under a sanitizer.
void forgo_thread_caches(char** argv) noexcept;

// For a session that has gone quiet and has freed its buffers: the pages of its stack that its handshake used
// and nothing uses now. The heap's follow with the next trim_heap().
void rest_thread() noexcept;

// For the accepting thread, now and then: gives back the free pages of the heap, if a session has rested
// since.
void trim_heap() noexcept;
