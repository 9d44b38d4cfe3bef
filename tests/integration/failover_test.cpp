// Several upstreams, and upstreams that come and go: who answers, how soon, and how often a query is sent.
#include <fmt/format.h>
#include <fstream>

#include "tests/integration/extended_error.h"
#include "tests/support/catch.h"
#include "tests/support/client_leg.h"
#include "tests/support/scripted_upstream.h"

using net::Transport;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kBusyMachine{3000};  // what sanitizers and other work may add to any time here

dns::Message query(std::string_view name, std::uint16_t id = 1) {
  return with_edns(make_query(name, dns::type::TXT, id));
}

bool is_right(const dns::Message& reply, const std::string& name) {
  return reply.header.rcode == dns::rcode::NOERROR && reply.answers.size() == 1 &&
         dns::rdata_to_text(reply.answers[0].rdata) == '"' + name + '"';
}

// A resolver that says, as TXT of who.test, which one it is.
struct Named {
  explicit Named(const std::string& name, const Arguments& extra = {}) {
    std::ofstream(directory.file("zone")) << "who.test. 60 IN TXT " << name << '\n';
    resolver.emplace(Arguments{"--zone", directory.file("zone")} + extra);
  }
  TempDir directory;
  std::optional<LabResolver> resolver;
};

std::string who_answers(DotConnection& client) {
  const dns::Message reply = client.ask(query("who.test."));
  return reply.answers.size() == 1 ? dns::rdata_to_text(reply.answers[0].rdata) : "nobody";
}

// Asks on every leg, again and again, each time waiting for answers only until the next.
class Clients {
 public:
  explicit Clients(const Proxy& proxy) {
    for (const Transport transport : kAllLegs) legs_.emplace_back(proxy, transport);
  }

  // Until every leg has had a right answer, or the time is over. True in the first case.
  bool ask_until_answered(net::Deadline deadline) {
    std::vector<bool> answered(legs_.size(), false);
    while (std::ranges::count(answered, false) > 0 && !deadline.expired()) {
      for (ClientLeg& leg : legs_) leg.send(query("www.tag.test."));
      const auto next = earlier(deadline, net::Deadline::in(milliseconds(100)));
      for (std::size_t i = 0; i < legs_.size(); ++i)
        while (const auto reply = legs_[i].next_message(next))
          if (is_right(*reply, "www.tag.test.")) answered[i] = true;
    }
    return std::ranges::count(answered, false) == 0;
  }

 private:
  std::vector<ClientLeg> legs_;
};

// The wire's way to say that something is wrong: the connection ends without an answer.
Bytes hang_up(const ScriptedUpstream::Seen&) {
  throw std::runtime_error("hang up");
}

}  // namespace

TEST_CASE("where the first upstream fails, the second one answers, on every leg and soon") {
  const std::string fault = GENERATE(as<std::string>(), "expired", "wrong-ca", "wrong-name", "not-tls",
                                     "tls11-only", "stall-handshake", "drop", "stall-mid-frame", "reset",
                                     "close-mid-frame", "wrong-id", "wrong-question");
  CAPTURE(fault);
  const LabResolver first({"--fault", fault, "--ca-out", "/dev/null"});
  const LabResolver second;
  const Proxy proxy({"--upstream", first.uri(Transport::tls), "--upstream", second.uri(Transport::tls),
                     "--upstream-ca", second.ca_file(), "--hedge-after", "200ms"});
}
