#include "client/show/colour.h"

#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include "common/net/unique_fd.h"
#include "tests/support/catch.h"

using client::colours;
using Colour = client::Show::Colour;

namespace {

struct Terminal {
  Terminal() : master(posix_openpt(O_RDWR | O_NOCTTY)) {
    REQUIRE(grantpt(master.get()) == 0);
    REQUIRE(unlockpt(master.get()) == 0);
    slave.reset(open(ptsname(master.get()), O_RDWR | O_NOCTTY));
    REQUIRE(isatty(slave.get()) == 1);
  }
  net::UniqueFd master;
  net::UniqueFd slave;
};

std::string without_colour(std::string text) {
  for (std::size_t at = 0; (at = text.find('\033', at)) != std::string::npos;)
    text.erase(at, text.find('m', at) - at + 1);
  return text;
}

}  // namespace

TEST_CASE("colour is for terminals that can and users who want it", "[colour]") {
  const Terminal terminal;
  const net::UniqueFd file(open("/dev/null", O_WRONLY));
  unsetenv("NO_COLOR");
  setenv("TERM", "xterm", 1);
  CHECK(colours(Colour::automatic, terminal.slave.get()));
  CHECK_FALSE(colours(Colour::automatic, file.get()));
  CHECK(colours(Colour::always, file.get()));
  CHECK_FALSE(colours(Colour::never, terminal.slave.get()));

  setenv("NO_COLOR", "", 1);  // empty counts as not set
  CHECK(colours(Colour::automatic, terminal.slave.get()));
  setenv("NO_COLOR", "0", 1);
  CHECK_FALSE(colours(Colour::automatic, terminal.slave.get()));
  CHECK(colours(Colour::always, terminal.slave.get()));  // what is said for this run alone goes before
  unsetenv("NO_COLOR");

  setenv("TERM", "dumb", 1);
  CHECK_FALSE(colours(Colour::automatic, terminal.slave.get()));
}

TEST_CASE("paint changes no character of the text", "[colour]") {
  for (const char* const text :
       {"", "\n", ";; a comment\n\na.example.\t300\tIN\tA\t192.0.2.1\n",
        "a\\032b.example. 300 IN TXT \"two  words\" \"; no comment\"\n", "one\n", "no newline at the end"})
    CHECK(without_colour(client::paint_answers(text)) == text);
}

TEST_CASE("comments are dim, a record's name bold and its type coloured", "[colour]") {
  CHECK(client::paint_answers(";; ANSWER\na.example.\t\t300\tIN\tMX\t10 b.example.\n") ==
        "\033[2m;; ANSWER\033[0m\n\033[1ma.example.\033[0m\t\t300\tIN\t\033[36mMX\033[0m\t10 b.example.\n");
  CHECK(client::paint_failure("client: no") == "\033[31mclient: no\033[0m");
}
