// A query on its way: what a client asked, in the form it goes upstream in, and who waits for the answer.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "common/bytes.h"
#include "common/dns/message_view.h"
#include "common/dns/opt_splice.h"
#include "proxyserver/caching/cache_key.h"

class Asker;
class Upstream;
class Upstreams;

// What a client's EDNS said about its own hop, which the answer has to heed.
struct Asked {
  bool has_opt = false;
  bool padded = false;
  bool keepalive = false;
  std::uint16_t udp_size = 512;  // what it can take over UDP (RFC 6891 §6.2.3)
};
Asked asked_by(const dns::MessageView& query);

struct Query {
  using Clock = std::chrono::steady_clock;

  // Copies `query`, with this hop's EDNS options in place of the client's.
  Query(std::shared_ptr<Asker> asker, const dns::MessageView& query, const dns::OptSplice& upstream_options);

  // Constant once the query has been submitted: any thread.
  const std::shared_ptr<Asker> asker;
  Bytes message;          // with the client's ID: each connection that carries it sends an ID of its own
  dns::MessageView view;  // of `message`
  Asked asked;
  Clock::time_point came{};
  Clock::time_point deadline{};
  std::unique_ptr<const CacheKey> key;  // null: not for the cache
  bool may_be_stale = false;            // there was an answer, and it will do if a new one does not come
  Upstreams* group = nullptr;           // the resolvers for its name, and the only ones that it may go to

  // The asker's thread alone.
  bool waits_with_another = false;   // which has been sent, and asks the same
  unsigned sends = 0;                // how often it has left: at most three times (RFC 9520 §3.1)
  std::atomic<unsigned> copies = 0;  // connections that it is on; others may read it
  unsigned attempts = 0;             // connections in a row that brought it nowhere
  unsigned deaths = 0;               // connections that broke while it was on them
  bool alone = false;                // it goes over a connection of its own
  Upstream* asked_last = nullptr;
  const Upstream* lost_by = nullptr;  // whose connection was lost with it, until it is sent again

  // Set by the asker's thread before it is sent once more, read by who brings the answer.
  std::atomic<Upstream*> hedged_from = nullptr;

  // --retry-on: what the first resolver said, kept while another is asked. Set once, in this order, by the
  // asker's thread; who sees the second may read the first.
  Bytes refusal;
  std::atomic<Upstream*> refused_by = nullptr;

  // True until it has been answered, by the resolver or by us. Whoever turns it false has the one right to
  // answer.
  std::atomic<bool> waiting = true;
  bool end() { return waiting.exchange(false); }
};
using QueryPtr = std::shared_ptr<Query>;
