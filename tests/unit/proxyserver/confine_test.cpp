#include "proxyserver/process/confine.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace {

// Runs `act` in a child, since there is no way back, and returns its exit code.
template <typename Act>
int in_child(Act act) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) _exit(act());
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

bool denied(int outcome) {
  return outcome < 0 && errno == EACCES;
}

bool kernel_confines() {
  return in_child([] { return confine({}) == Confinement::complete ? 1 : 0; }) == 1;
}

}  // namespace

TEST_CASE("a confined process reads what it was left, writes what it had open, and nothing else") {
  if (!kernel_confines()) {
    WARN("skipped: this kernel has no Landlock");
    return;
  }
  const TempDir temp;
  std::filesystem::create_directory(temp.file("left"));
  for (const char* const name : {"left/anchor.pem", "key.pem", "open.log"})
    std::ofstream(temp.file(name)) << "x";
  const std::string anchor = temp.file("left/anchor.pem");
  const std::string key = temp.file("key.pem");
  const std::string made = temp.file("made");
  const std::string log = temp.file("open.log");
  const int which = in_child([&] {
    const int kept = open(log.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    confine({temp.file("left"), temp.file("not-there")});
    int number = 0;
    for (const bool right : {
             open(anchor.c_str(), O_RDONLY) >= 0,
             write(kept, "yz", 2) == 2,
             ftruncate(kept, 1) == 0,
             denied(open(anchor.c_str(), O_WRONLY)),
             denied(open(key.c_str(), O_RDONLY)),
             denied(open("/etc/passwd", O_RDONLY)),
             denied(open("/", O_RDONLY | O_DIRECTORY)),
             denied(open(made.c_str(), O_WRONLY | O_CREAT, 0600)),
             denied(mkdir(made.c_str(), 0700)),
             denied(unlink(key.c_str())),
             denied(execl("/bin/true", "true", nullptr)),
         }) {
      ++number;
      if (!right) return number;
    }
    return 0;
  });
  CHECK(which == 0);  // else the number of the first line that is not so
  CHECK(std::filesystem::file_size(log) == 1);
}

TEST_CASE(
    "a confined process makes and writes files in the folders of its logs, and can do nothing else there") {
  if (!kernel_confines()) {
    WARN("skipped: this kernel has no Landlock");
    return;
  }
  const TempDir temp;
  std::filesystem::create_directory(temp.file("log"));
  std::ofstream(temp.file("log/old")) << "x";
  const std::string old = temp.file("log/old");
  const std::string fresh = temp.file("log/new");
  const std::string elsewhere = temp.file("new");
  const std::string folder = temp.file("log/folder");
  const int which = in_child([&] {
    confine({}, {temp.file("log")});
    int number = 0;
    for (const bool right : {
             open(fresh.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600) >= 0,
             open(old.c_str(), O_WRONLY | O_APPEND) >= 0,
             denied(open(old.c_str(), O_RDONLY)),
             denied(unlink(old.c_str())),
             denied(mkdir(folder.c_str(), 0700)),
             denied(open(elsewhere.c_str(), O_WRONLY | O_CREAT, 0600)),
         }) {
      ++number;
      if (!right) return number;
    }
    return 0;
  });
  CHECK(which == 0);  // else the number of the first line that is not so
}
