// What memory a quiet session can do without goes back to the system. Ten thousand idle clients are then ten
// thousand small things, whatever they did before. Any thread, except where it says otherwise.
#pragma once

// Before all else in main(), what glibc's malloc(3) is to do otherwise:
//
// OpenSSL's two buffers of each connection, 16 kB and a little more, get pages of their own. Among small chunks
// they would leave holes, when a quiet session frees them, that keep pages half full: 3 of 33 kB that an idle
// client costs.
//
// No cache of freed chunks for each thread: 12 of 44 kB lie there, left behind by the handshake. Only the
// environment can turn it off, and only at the start, so this starts the program anew, unless GLIBC_TUNABLES is
// set already (by us, or by somebody who knows better). Not under a sanitizer.
void prepare_heap(char** argv) noexcept;

// For a session that has gone quiet and has freed its buffers: the pages of its stack that its handshake used
// and nothing uses now. The heap's follow with the next trim_heap().
void rest_thread() noexcept;

// For the accepting thread, now and then: gives back the free pages of the heap, if a session has rested
// since.
void trim_heap() noexcept;
