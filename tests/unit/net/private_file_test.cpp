#include "common/net/private_file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "common/net/net_error.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

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

TEST_CASE("a file opened for appending keeps what it had and becomes private, somebody's link is followed") {
  const TempDir directory;
  const std::string file = directory.file("log"), link = directory.file("link");
  std::ofstream(file) << "before ";
  REQUIRE(chmod(file.c_str(), 0644) == 0);
  REQUIRE(symlink(file.c_str(), link.c_str()) == 0);
  const net::UniqueFd fd = net::open_private("open", link, O_APPEND);
  REQUIRE(write(fd.get(), "after", 5) == 5);
  CHECK(content_of(file) == "before after");
  struct stat facts {};
  REQUIRE(stat(file.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
}

TEST_CASE("a directory, and a pipe that nobody reads, are told of at once") {
  const TempDir directory;
  const std::string pipe = directory.file("pipe");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(net::open_private("open the log", directory.file(""), O_APPEND),
                    "open the log " + directory.file("") + ": Is a directory");
  CHECK_THROWS_WITH(net::open_private("open the log", pipe, O_APPEND),
                    "open the log " + pipe + ": a pipe that nobody reads: start its reader first");
}

TEST_CASE("a pipe gets all, however much, while somebody reads it, and is given up when nobody does") {
  const TempDir directory;
  const std::string pipe = directory.file("pipe");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  const net::UniqueFd reader(open(pipe.c_str(), O_RDONLY | O_NONBLOCK));
  REQUIRE(reader.valid());
  net::PrivateFile file(pipe);
  const Bytes much(1 << 20, 'x');
  std::thread thread([&] {
    Bytes into(1 << 16);
    pollfd entry{reader.get(), POLLIN, 0};
    for (std::size_t left = much.size(); left > 0 && poll(&entry, 1, 10'000) > 0;)
      if (const ssize_t got = read(reader.get(), into.data(), std::min(into.size(), left)); got > 0)
        left -= static_cast<std::size_t>(got);
  });
  const bool all = file.append(much);
  thread.join();
  CHECK(all);
  CHECK_FALSE(file.append(much));
  CHECK(file.error() == EAGAIN);
}

TEST_CASE("a private file that cannot be made says which") {
  CHECK_THROWS_WITH(net::PrivateFile("/nonexistent/secrets"),
                    "write /nonexistent/secrets: No such file or directory");
}

TEST_CASE("a line that cannot be appended, or not whole, is told with the reason") {
  const TempDir directory;
  const net::UniqueFd good = net::open_private("open", directory.file("log"), O_APPEND);
  CHECK(net::append_line(good.get(), "one\n") == 0);
  CHECK(net::append_line(good.get(), "two\n") == 0);
  CHECK(content_of(directory.file("log")) == "one\ntwo\n");
  const net::UniqueFd full = net::open_private("open", "/dev/full", O_APPEND);
  CHECK(net::append_line(full.get(), "line\n") == ENOSPC);
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
  const net::UniqueFd reader(ends[0]), writer(ends[1]);
  CHECK(net::append_line(writer.get(), std::string(1 << 20, 'x')) == ENOSPC);  // what fits has gone
  CHECK(net::append_line(writer.get(), "line\n") == EAGAIN);
}
