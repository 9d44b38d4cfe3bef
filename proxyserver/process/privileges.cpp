#include "proxyserver/process/privileges.h"

#include <cerrno>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <system_error>
#include <unistd.h>

namespace {

using std::unexpected;

void check(int outcome, const char* action) {
  if (outcome != 0) throw std::system_error(errno, std::generic_category(), action);
}

// As at a login: the primary group, and those that the group database lists the user in.
std::vector<gid_t> groups_of(const passwd& entry) {
  int count = 0;
  getgrouplist(entry.pw_name, entry.pw_gid, nullptr, &count);  // fails, having counted
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  getgrouplist(entry.pw_name, entry.pw_gid, groups.data(), &count);
  return groups;
}

}  // namespace

std::expected<Account, std::string> find_account(std::string_view text) {
  if (geteuid() != 0) return unexpected("only root can become somebody else");
  const auto colon = text.find(':');
  Account account{std::string(text.substr(0, colon)), 0, 0, {}};
  const passwd* const user = getpwnam(account.name.c_str());
  if (user == nullptr) return unexpected(fmt::format("there is no user '{}' here", account.name));
  if (user->pw_uid == 0) return unexpected(fmt::format("'{}' is root itself", account.name));
  account.user = user->pw_uid;
  account.group = user->pw_gid;
  account.groups = groups_of(*user);
  if (colon == std::string_view::npos) return account;
  const std::string name(text.substr(colon + 1));
  const group* const only = getgrnam(name.c_str());
  if (only == nullptr) return unexpected(fmt::format("there is no group '{}' here", name));
  if (only->gr_gid == 0) return unexpected(fmt::format("'{}' is root's own group", name));
  account.group = only->gr_gid;
  account.groups = {only->gr_gid};
  return account;
}

void become(const Account& account) {
  check(setgroups(account.groups.size(), account.groups.data()), "set the groups");
  check(setresgid(account.group, account.group, account.group), "change the group");
  check(setresuid(account.user, account.user, account.user), "change the user");
  check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "set no_new_privs");
  // A capability that the change of user did not take away would show here.
  if (setresuid(0, 0, 0) == 0 || setresgid(0, 0, 0) == 0 || setgroups(0, nullptr) == 0)
    throw std::runtime_error(fmt::format("became {}, but could become root again", account.name));
}
