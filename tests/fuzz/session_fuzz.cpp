// A session of the proxy, its client and its resolver scripted: every query ends in exactly one reply with
// its ID and its question, no octet lies unread while the session sleeps, and nothing of one hop gets to the
// other.
//
//    | flags | count | moves of the client's stream … | count | acts of the resolver … | what the client
//    sends … |
#include "common/dns/codes.h"
#include "common/dns/name.h"
#include "common/dns/opt_splice.h"
#include "common/log.h"
#include "common/net/net_error.h"
#include "proxyserver/clients/session.h"
#include "tests/fuzz/count_of.h"
#include "tests/fuzz/scripted_client.h"
#include "tests/fuzz/scripted_resolver.h"

using fuzz::claim;

namespace {

enum Flag : unsigned {
  kOverTls = 1,
  kResets = 2,
  kFewInFlight = 4,
  kRefusedFirst = 8,
  kDrains = 16,
  kPadAlways = 32,
  kWithCache = 64
};

// One of the client's messages, and what became of it.
struct Sent {
  ByteView message;
  ByteView question;  // if it can be read
  bool answered = false;
};

ByteView question_of(ByteView message) {
  dns::WireReader reader(message);
  const dns::Header header = dns::decode_header(reader);
  if (header.qdcount != 1) return {};
  dns::skip_name(reader);
  reader.u32();
  return reader.ok() ? message.subspan(dns::kHeaderSize, reader.offset() - dns::kHeaderSize) : ByteView();
}

// The messages up to the one that makes the proxy hang up: shorter than a header, or itself an answer; or the
// last of too many in a row that are no queries.
std::vector<Sent> asked_in(ByteView octets) {
  std::vector<ByteView> messages;
  fuzz::cut(octets, messages);
  std::vector<Sent> asked;
  Refusals refusals;
  for (const ByteView message : messages) {
    if (message.size() < dns::kHeaderSize || (message[2] & 0x80) != 0) break;
    asked.push_back({message, question_of(message)});
    if (!refusals.may_go_on(screen(message))) break;
  }
  return asked;
}

bool has_option(const dns::MessageView& view, std::uint16_t code) {
  return fuzz::count_of(view, code) > 0;
}

// Of one ID and opcode.
bool same_kind(ByteView a, ByteView b) {
  return a[0] == b[0] && a[1] == b[1] && ((a[2] ^ b[2]) & 0x78) == 0;
}

void check_reply(const dns::MessageView& reply, const Sent& asked, bool over_tls) {
  if (reply.is_signed) return;
  const auto query = dns::inspect(asked.message);
  // What the proxy does not understand it answers without a look at its options.
  const bool understood = query && query->header.opcode == dns::opcode::QUERY && query->header.qdcount == 1 &&
                          dns::may_splice(*query);
  const bool padded = understood && has_option(*query, dns::option::PADDING);
  claim(!has_option(reply, dns::option::COOKIE));
  claim(has_option(reply, dns::option::PADDING) == (over_tls && padded && reply.opt));
  if (over_tls && padded && reply.opt) claim(reply.bytes.size() % 468 == 0 || reply.bytes.size() == 65535);
  if (query) claim(!reply.opt || query->opt);  // RFC 6891 §6.1.1
}

// Those with a question first: a reply without one may be to any of its ID.
void check_replies(ByteView octets, std::vector<Sent>& asked, bool all, bool over_tls, bool honest) {
  std::vector<ByteView> replies;
  const bool whole = fuzz::cut(octets, replies);
  claim(whole || !all);
  claim(replies.size() <= asked.size() && (replies.size() == asked.size() || !all));
  for (const bool with_question : {true, false}) {
    for (const ByteView reply : replies) {
      const auto view = dns::inspect(reply);
      claim(view && view->header.qr);
      claim(!honest || view->header.rcode != dns::rcode::SERVFAIL);
      if (view->question.empty() == with_question) continue;
      const auto match = std::ranges::find_if(asked, [&](const Sent& one) {
        return !one.answered && same_kind(one.message, reply) &&
               (!with_question || dns::equal_ignoring_case(one.question, view->question));
      });
      claim(match != asked.end());
      match->answered = true;
      const auto alike = [&](const Sent& one) { return same_kind(one.message, reply); };
      if (std::ranges::count_if(asked, alike) == 1) check_reply(*view, *match, over_tls);
    }
  }
}

// What reached the resolver is what the client asked, without what concerned its hop alone.
void check_queries(const std::vector<Bytes>& queries, const std::vector<Sent>& asked) {
  claim(queries.size() <= 3 * asked.size());  // RFC 9520 §3.1
  for (const Bytes& query : queries) {
    const auto view = dns::inspect(query);
    claim(view && !view->header.qr && view->header.opcode == dns::opcode::QUERY && view->header.qdcount == 1);
    claim(view->qtype != dns::type::AXFR && view->qtype != dns::type::IXFR);
    claim(std::ranges::any_of(
        asked, [&](const Sent& one) { return std::ranges::equal(one.question, view->question); }));
    if (view->is_signed) continue;
    claim(!has_option(*view, dns::option::COOKIE) && !has_option(*view, dns::option::PADDING));
  }
}

Limits limits_for(unsigned flags, bool honest) {
  using std::chrono::milliseconds;
  constexpr milliseconds kAges{60'000};
  Limits limits;
  limits.message = limits.idle = limits.write = kAges;
  limits.query = honest ? kAges : milliseconds(20);
  limits.hedge_after = honest ? kAges : milliseconds(4);
  if ((flags & kFewInFlight) != 0) limits.max_in_flight = 2;
  limits.drain = milliseconds(40);
  limits.pool_size = 4;
  limits.pad_always = (flags & kPadAlways) != 0;
  return limits;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  logging::set_level(logging::Level::error);
  fuzz::Script script(data, size);
  const unsigned flags = script.octet();
  const ByteView moves = script.take(script.octet());
  const ByteView acts = script.take(script.octet());
  const ByteView octets = script.rest();
  const bool over_tls = (flags & kOverTls) != 0;
  const bool resets = (flags & kResets) != 0;
  const bool drains = (flags & kDrains) != 0;
  const bool with_cache = (flags & kWithCache) != 0;
  const bool honest = acts.empty() && (flags & kRefusedFirst) == 0;
  std::vector<Sent> asked = asked_in(octets);

  const Limits limits = limits_for(flags, honest);
  Upstreams upstreams(false);
  fuzz::ScriptedResolver resolver({acts.data(), acts.size()});
  const auto add = [&](const net::Endpoint& endpoint) {
    upstreams.add(std::make_unique<Upstream>(endpoint, nullptr, limits.pool_size));
  };
  if ((flags & kRefusedFirst) != 0) add(fuzz::ScriptedResolver::refusing_endpoint());
  add(fuzz::ScriptedResolver::endpoint());

  std::atomic<bool> draining = false;
  const fuzz::ScriptedClient* looked_at = nullptr;
  const auto turn = [&] {
    resolver.turn();
    if (drains && looked_at->given().size() > octets.size() / 2) draining = true;
    // Octets that poll(2) cannot see wait only where there are answers to be waited for, or no more is read.
    if (!looked_at->has_buffered() || looked_at->reads_again() || draining) return;
    std::vector<ByteView> given, replies;
    fuzz::cut(looked_at->given(), given);
    fuzz::cut(looked_at->written(), replies);
    claim(given.size() > replies.size());
  };
  fuzz::ScriptedClient client({moves.data(), moves.size()}, octets, resets, turn);
  looked_at = &client;

  bool cut_off = false;
  const Instruments watching({});
  const Published<Limits> published(limits);
  Cache cache(std::size_t{1} << 20, published);
  const auto session = std::make_shared<Session>(client, over_tls ? net::Transport::tls : net::Transport::tcp,
                                                 upstreams, limits, draining, watching, nullptr, ClientKey{},
                                                 with_cache ? &cache : nullptr);
  try {
    session->run();
  } catch (const net::NetError& error) {
    claim(resets && error.kind() == net::NetError::Kind::reset);
    cut_off = true;
  }
  check_replies(client.written(), asked, !cut_off && !drains, over_tls, honest);
  check_queries(resolver.queries(), asked);
  // An answer is as long as the resolver's, which from the cache all may get, or as the query with why it
  // failed, and padded.
  claim(client.written().size() <= resolver.octets_sent() * (with_cache ? asked.size() + 1 : 1) +
                                       octets.size() + asked.size() * (2 + 11 + 300 + 468));
  return 0;
}
