// What memory a quiet session can do without goes back to the system. Ten thousand idle clients are then ten
// thousand small things, whatever they did before. Any thread, except where it says otherwise.
#pragma once

// For a session that has gone quiet and has freed its buffers: the pages of its stack that its handshake used
// and nothing uses now. The heap's follow with the next trim_heap().
void rest_thread() noexcept;

// For the accepting thread, now and then: gives back the free pages of the heap, if a session has rested
// since.
void trim_heap() noexcept;
