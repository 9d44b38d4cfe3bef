// What the trace is told of the way to the resolver.
#include <algorithm>
#include <utility>

#include "common/tls/tls_stream.h"
#include "proxyserver/forwarder.h"

void Forwarder::trace_queued(const Query& query, Leg& leg, Clock::time_point now) const {
  const std::string client = client_.client_of(query);
  if (!leg.traced) {
    leg.traced = std::make_unique<Leg::Traced>();
    leg.traced->client = client;
    leg.traced->local = net::SocketAddress::of_socket(leg.lease->stream->fd()).to_string();
    if (!leg.lease->proven) leg.traced->begun = now;
    trace_->upstream(client, leg.lease.upstream().name(), leg.traced->local, leg.lease->proven);
  }
  leg.traced->queued.push_back(query.id);
}

void Forwarder::trace_written(Leg& leg) {
  trace_connected(leg);
  for (const std::uint16_t id : std::exchange(leg.traced->queued, {}))
    if (const Query* query = queries_.find(id); query != nullptr && (query->legs & bit(leg)) != 0)
      trace_sent(*query, leg);
}

void Forwarder::trace_sent(const Query& query, const Leg& leg) const {
  trace_->sent(client_.client_of(query), query.client_id, query.id, leg.traced->local, query.message.size());
}

void Forwarder::trace_connected(Leg& leg) const {
  Leg::Traced& traced = *leg.traced;
  if (!traced.begun) return;
  std::optional<tls::ConnectionFacts> facts;
  if (const auto* stream = dynamic_cast<const tls::TlsStream*>(leg.lease->stream.get()))
    facts = stream->facts();
  trace_->connected(traced.client, traced.local, facts, Clock::now() - *traced.begun);
  traced.begun.reset();
}

void Forwarder::trace_received(const Query& query, Leg& leg, std::size_t octets,
                               Clock::time_point now) const {
  // Of many queries the first may be answered while the last still wait for room in the socket.
  if (std::erase(leg.traced->queued, query.id) > 0) trace_sent(query, leg);
  trace_->received(client_.client_of(query), query.client_id, query.id, leg.traced->local, octets,
                   now - std::max(query.sent, leg.carried.value_or(query.sent)));
}

void Forwarder::trace_lost(const Leg& leg, const std::exception& cause) const {
  trace_->lost(leg.traced->client, leg.traced->local, cause.what());
}
