#include "common/net/private_file.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <sys/stat.h>

#include "common/net/net_error.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace {

std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("a private file replaces what was there and is for its owner alone, whatever the mode was before") {
  const TempDir directory;
  const std::string file = directory.file("secrets");
  std::ofstream(file) << "what was there before";
  REQUIRE(chmod(file.c_str(), 0644) == 0);
  net::PrivateFile secrets(file);
  CHECK(secrets.append(Bytes{'a', 'b'}));
  CHECK(secrets.append(Bytes{'c'}));
  CHECK(content_of(file) == "abc");
  struct stat facts {};
  REQUIRE(stat(file.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  secrets.remove();
  CHECK(stat(file.c_str(), &facts) != 0);
}

TEST_CASE("a full disk ends a private file for good, and a device is never removed") {
  net::PrivateFile full("/dev/full");
  CHECK_FALSE(full.append(Bytes{'a'}));
  CHECK(full.error() == ENOSPC);
  CHECK_FALSE(full.append({}));
  full.remove();
  struct stat facts {};
  CHECK(stat("/dev/full", &facts) == 0);
}

TEST_CASE("a private file that cannot be made says which") {
  CHECK_THROWS_WITH(net::PrivateFile("/nonexistent/secrets"),
                    "write /nonexistent/secrets: No such file or directory");
}
