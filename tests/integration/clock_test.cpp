// The wall clock may be set while the proxy runs, by an operator or by NTP: no wait of the proxy's may end
// early by it, none may go on for ever (DESIGN, law 6: the steady clock). Here it jumps at every look.
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

#include "tests/integration/extended_error.h"
#include "tests/support/catch.h"
#include "tests/support/lab.h"
#include "tests/support/raw_client.h"
#include "tests/support/variable.h"

using net::Transport;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string mapped_by(const Process& process) {
  std::ostringstream text;
  text << std::ifstream(fmt::format("/proc/{}/maps", process.pid())).rdbuf();
  return text.str();
}

milliseconds since(Clock::time_point begin) {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
}

}  // namespace

TEST_CASE("a wall clock that jumps hours forth and back ends no wait early, and prolongs none") {
  const LabResolver resolver({"--fault", "drop=lost.test"});
  std::optional<Proxy> proxy;
  {
    const Variable asan("ASAN_OPTIONS", "verify_asan_link_order=0");  // it wants to be the first library
    const Variable preload("LD_PRELOAD", JUMPING_CLOCK);
    proxy.emplace(resolver, Transport::tls,
                  Arguments{"--query-timeout", "900ms", "--handshake-timeout", "500ms", "--message-timeout",
                            "500ms", "--idle-timeout", "1300ms"});
  }
  REQUIRE(mapped_by(proxy->process()).find(JUMPING_CLOCK) != std::string::npos);

  DotConnection client = proxy->connect(Transport::tls);
  for (std::uint16_t id = 0; id < 50; ++id)
    REQUIRE(client.ask(make_query("www.tag.test.", dns::type::TXT, id)).rcode() == dns::rcode::NOERROR);

  auto begin = Clock::now();
  const dns::Message lost = client.ask(with_edns(make_query("lost.test.", dns::type::A)));
  CHECK(extended_error_in(lost).text.find("no answer within 900 ms") != std::string::npos);
  CHECK(since(begin) >= milliseconds(900));
  CHECK(since(begin) < seconds(8));

  begin = Clock::now();
  CHECK(client.closed_by_peer());  // idle
  CHECK(since(begin) >= milliseconds(1200));

  begin = Clock::now();
  CHECK(RawClient(proxy->endpoint(Transport::tls)).ended());  // no handshake
  CHECK(since(begin) >= milliseconds(500));

  begin = Clock::now();
  RawClient half(proxy->endpoint(Transport::tcp));
  half.send(Bytes{0});
  CHECK(half.ended());
  CHECK(since(begin) >= milliseconds(500));
}
