#include "proxyserver/process/confine.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

#include "common/net/unique_fd.h"

namespace {

// glibc has no names for these three (landlock(7)).
long create_ruleset(const landlock_ruleset_attr* attributes, std::size_t size, unsigned flags) {
  return syscall(SYS_landlock_create_ruleset, attributes, size, flags);
}

long add_rule(int ruleset, const landlock_path_beneath_attr& rule) {
  return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0U);
}

long restrict_self(int ruleset) {
  return syscall(SYS_landlock_restrict_self, ruleset, 0U);
}

[[noreturn]] void fail(const char* action) {
  throw std::system_error(errno, std::generic_category(), action);
}

// Every right over files that the running kernel knows of: 13 kinds in Landlock's first version, to which the
// second added linking, the third truncating, and the fifth ioctl(2) on devices. They are counted, not named,
// as the headers that this is compiled with may be older than the kernel.
std::uint64_t all_rights(long version) {
  constexpr std::array kKinds = {13, 14, 15, 15, 16};
  const auto known = std::min<std::size_t>(static_cast<std::size_t>(version), kKinds.size());
  return (std::uint64_t{1} << kKinds[known - 1]) - 1;
}

void allow(std::uint64_t rights, int ruleset, const std::string& path) {
  const net::UniqueFd beneath(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!beneath.valid()) return;
  const landlock_path_beneath_attr rule{rights, beneath.get()};
  if (add_rule(ruleset, rule) != 0) fail("allow the use of a folder");
}

}  // namespace

Confinement confine(const std::vector<std::string>& readable, const std::vector<std::string>& logs) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("set no_new_privs");
  const long version = create_ruleset(nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return Confinement::unavailable;

  // What is handled is forbidden, unless a rule allows it.
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = all_rights(version);
  const net::UniqueFd ruleset(static_cast<int>(create_ruleset(&attributes, sizeof attributes, 0)));
  if (!ruleset.valid()) fail("make a Landlock ruleset");
  for (const std::string& path : readable) allow(LANDLOCK_ACCESS_FS_READ_FILE, ruleset.get(), path);
  for (const std::string& path : logs)
    allow(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG, ruleset.get(), path);
  if (restrict_self(ruleset.get()) != 0) fail("enforce the Landlock ruleset");
  return Confinement::complete;
}
