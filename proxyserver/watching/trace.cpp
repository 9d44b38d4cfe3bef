#include "proxyserver/watching/trace.h"

#include <cstring>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "common/dns/codes.h"
#include "common/dns/message.h"
#include "common/log.h"
#include "common/net/private_file.h"

namespace {

using logging::field;

long long microseconds(Trace::Duration time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

std::string facts_to_text(const tls::ConnectionFacts& facts) {
  return fmt::format("{} {} {} {} resumed={}", field("version", facts.version), field("group", facts.group),
                     field("suite", facts.cipher), field("alpn", facts.alpn), facts.resumed ? "yes" : "no");
}

unsigned id_of(ByteView message) {
  return static_cast<unsigned>(message[0] << 8 | message[1]);
}

}  // namespace

Trace::Trace(const std::string& file) : file_("open the trace", file, STDERR_FILENO) {}

void Trace::write(Text event, Text facts) const {
  const long long now = microseconds(std::chrono::steady_clock::now().time_since_epoch());
  const std::string line = fmt::format("{}.{:06} {} {}\n", now / 1'000'000, now % 1'000'000, event, facts);
  // Who reads a pipe too slowly loses lines; nobody waits for him.
  pollfd room{file_.fd(), POLLOUT, 0};
  if (poll(&room, 1, 0) == 0) return;
  const int error = net::append_line(file_.fd(), line);
  if (error != 0 && !failed_.exchange(true))
    logging::write(
        logging::Level::warning, "trace-incomplete",
        fmt::format("{} {}", field("file", file_.name()), field("reason", strerrordesc_np(error))));
}

void Trace::accepted(Text client, Text listener) const {
  write("accepted", fmt::format("{} {}", field("client", client), field("listener", listener)));
}

void Trace::handshake(Text client, const tls::ConnectionFacts& facts, Duration time) const {
  write("handshake",
        fmt::format("{} {} us={}", field("client", client), facts_to_text(facts), microseconds(time)));
}

void Trace::query(Text client, ByteView message) const {
  std::string question;
  if (const auto decoded = dns::decode(message); decoded && decoded->questions.size() == 1)
    question = fmt::format("{} {} ", field("name", decoded->questions[0].name.to_string()),
                           field("type", dns::type_name(decoded->questions[0].type)));
  write("query", fmt::format("{} id={} {}octets={}", field("client", client), id_of(message), question,
                             message.size()));
}

void Trace::upstream(Text client, Text upstream, Text local, bool reused) const {
  write("upstream",
        fmt::format("{} {} {} connection={}", field("client", client), field("upstream", upstream),
                    field("local", local), reused ? "reused" : "new"));
}

void Trace::sent(Text client, std::uint16_t id, std::uint16_t upstream_id, Text local,
                 std::size_t octets) const {
  write("sent", fmt::format("{} id={} upstream_id={} {} octets={}", field("client", client), id, upstream_id,
                            field("local", local), octets));
}

void Trace::connected(Text client, Text local, const std::optional<tls::ConnectionFacts>& facts,
                      Duration time) const {
  write("connected", fmt::format("{} {} {}us={}", field("client", client), field("local", local),
                                 facts ? facts_to_text(*facts) + " " : "", microseconds(time)));
}

void Trace::received(Text client, std::uint16_t id, std::uint16_t upstream_id, Text local, std::size_t octets,
                     Duration time, Text reader) const {
  write("received",
        fmt::format("{} id={} upstream_id={} {} {}octets={} us={}", field("client", client), id, upstream_id,
                    field("local", local), reader.empty() ? "" : field("reader", reader) + " ", octets,
                    microseconds(time)));
}

void Trace::lost(Text client, Text local, Text reason) const {
  write("lost",
        fmt::format("{} {} {}", field("client", client), field("local", local), field("reason", reason)));
}

void Trace::answer(Text client, ByteView message, Duration time, CacheUse cached) const {
  const auto decoded = dns::decode(message);
  const std::string rcode = decoded ? dns::rcode_name(decoded->rcode()) : dns::rcode_name(message[3] & 0x0f);
  constexpr std::string_view kCached[] = {"", " cache=fresh", " cache=stale"};
  write("answer", fmt::format("{} id={} {} octets={} us={}{}", field("client", client), id_of(message),
                              field("rcode", rcode), message.size(), microseconds(time),
                              kCached[static_cast<std::size_t>(cached)]));
}

void Trace::closed(Text client, bool by_client, Text reason, Duration time) const {
  write("closed", fmt::format("{} by={} {}us={}", field("client", client), by_client ? "client" : "proxy",
                              reason.empty() ? "" : field("reason", reason) + " ", microseconds(time)));
}
