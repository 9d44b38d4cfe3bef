// --user: the program starts as root, to bind ports below 1024 and to read a key that is root's alone, and
// serves as somebody who may do neither.
//
// Both functions are for the main thread, before there is any other: in the kernel each thread has
// credentials of its own.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

struct Account {
  std::string name;
  uid_t user;
  gid_t group;
  std::vector<gid_t> groups;  // all of them; with a GROUP given, that one alone
};

// "NAME[:GROUP]" looked up: early, as a mistake of the user's is to be told before anything is opened. The
// error is a clause for cli::complain().
std::expected<Account, std::string> find_account(std::string_view text);

// Becomes it, real, effective and saved, for good: groups first, as the user may not change them any more;
// then it tries the way back, and throws std::runtime_error unless that is closed.
void become(const Account& account);
