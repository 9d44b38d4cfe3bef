// The last thing before serving: the process gives up, for good, what it needed to start. Linux's Landlock is
// its own promise to the kernel never to open a file again, so that who takes over a session finds no disk.
//
// Called by the main thread before there is any other: threads inherit it, and nothing can take it back.
#pragma once

#include <string>
#include <vector>

enum class Confinement {
  complete,
  unavailable,  // a kernel before 5.13, one without Landlock, or a container that keeps its system calls away
};

// From here on nothing in the file system can be opened, made, changed, run or removed, but that files
// beneath `readable` may be read, and files beneath `logs` may be made and written to, not read (those that
// do not exist are passed over). Descriptors that are open stay
// what they are, and sockets are no files. Also sets PR_SET_NO_NEW_PRIVS: no program that is run gains
// anything by being set-user-ID. Throws std::system_error if the kernel has Landlock and refuses all the
// same.
Confinement confine(const std::vector<std::string>& readable, const std::vector<std::string>& logs = {});
