// Which changes of files are seen, and when they count as done.
#include "proxyserver/listening/file_watch.h"

#include <filesystem>
#include <fstream>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace {

using State = FileWatch::State;
namespace fs = std::filesystem;

void write(const std::string& file, const std::string& content) {
  std::ofstream(file, std::ios::trunc) << content;
}

}  // namespace

TEST_CASE("a change of a file counts as done once the file has stayed the same from one look to the next") {
  const TempDir temp;
  const std::string file = temp.file("cert.pem");
  write(file, "one");
  FileWatch watch;
  watch.watch({file});
  CHECK(watch.look() == State::unchanged);
  write(file, "longer");
  CHECK(watch.look() == State::changing);
  write(file, "longer still");
  CHECK(watch.look() == State::changing);
  CHECK(watch.look() == State::settled);
  CHECK(watch.are_still());
  CHECK(watch.look() == State::settled);  // until somebody takes it, or gives it up
  CHECK_FALSE(watch.is_in_use(file));
  watch.watch({file});
  CHECK(watch.look() == State::unchanged);
  CHECK(watch.is_in_use(file));
}

TEST_CASE("what was given up is told of again only when it has changed") {
  const TempDir temp;
  const std::string file = temp.file("cert.pem");
  write(file, "one");
  FileWatch watch;
  watch.watch({file});
  write(file, "not a certificate");
  watch.look();
  REQUIRE(watch.look() == State::settled);
  watch.give_up();
  CHECK(watch.look() == State::unchanged);
  CHECK_FALSE(watch.is_in_use(file));
  write(file, "a certificate");
  CHECK(watch.look() == State::changing);
  CHECK(watch.look() == State::settled);
}

TEST_CASE("every way to replace a file is seen") {
  const TempDir temp;
  fs::create_directory(temp.file("a"));
  fs::create_directory(temp.file("b"));
  write(temp.file("a/cert.pem"), "same size");
  fs::create_directory_symlink("a", temp.file("..data"));
  fs::create_symlink("..data/cert.pem", temp.file("cert.pem"));
  const std::string file = temp.file("cert.pem");
  FileWatch watch;
  watch.watch({file});

  SECTION("renamed over, with the same size and time") {
    write(temp.file("new"), "size same");
    fs::last_write_time(temp.file("new"), fs::last_write_time(temp.file("a/cert.pem")));
    fs::rename(temp.file("new"), temp.file("a/cert.pem"));
  }
  SECTION("a link to its folder moved, as Kubernetes does") {
    fs::copy_file(temp.file("a/cert.pem"), temp.file("b/cert.pem"));
    fs::create_directory_symlink("b", temp.file("..data_tmp"));
    fs::rename(temp.file("..data_tmp"), temp.file("..data"));
  }
  SECTION("its own link moved, as certbot does") {
    write(temp.file("cert2.pem"), "same size");
    fs::create_symlink("cert2.pem", temp.file("link"));
    fs::rename(temp.file("link"), file);
  }
  SECTION("taken away") {
    fs::remove(file);
  }
  CHECK(watch.look() == State::changing);
  CHECK(watch.look() == State::settled);
}

TEST_CASE("a file that is not there is not in use, and its coming is a change") {
  const TempDir temp;
  const std::string file = temp.file("cert.pem");
  FileWatch watch;
  watch.watch({file});
  CHECK(watch.look() == State::unchanged);
  CHECK_FALSE(watch.is_in_use(file));
  CHECK_FALSE(watch.is_in_use(temp.file("another")));
  write(file, "one");
  CHECK(watch.look() == State::changing);
}
