// What memory a quiet session can do without goes back to the system. Ten thousand idle clients are then ten
// thousand small things, whatever they did before. Any thread, except where it says otherwise.
#pragma once

// Before all else in main(), what glibc's malloc(3) is to do otherwise:
//
// OpenSSL's two buffers of each connection, 16 kB and a little more, get pages of their own, so that they are
// the system's again as soon as a quiet session frees them. Among small chunks they would leave holes, which
// only malloc_trim(3) finds: it looks at the whole heap, and leaves pages that are not wholly free.
//
// No cache of freed chunks for each thread: 11 of 38 kB that an idle client costs would lie there, left
// behind by its handshake. Only the environment can turn it off, and only at the start, so this starts the
// program again, unless GLIBC_TUNABLES is set already (by us, or by somebody who knows better). Not under a
// sanitizer, and not with file capabilities: there glibc takes the variable away, and we would start again
// for ever.
void prepare_heap(char** argv) noexcept;

// For a session that has gone quiet: gives back the pages of its stack that its handshake used and nothing
// uses now.
void rest_thread() noexcept;
