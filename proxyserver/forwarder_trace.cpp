// What the trace is told of the way to the resolver.
#include "common/tls/tls_stream.h"
#include "proxyserver/forwarder.h"

void Forwarder::trace_sent(const Query& query, Leg& leg, Clock::time_point now) const {
  const std::string client = client_.client_of(query);
  const UpstreamConnection& connection = *leg.lease.operator->();
  if (!leg.traced) {
    leg.traced = std::make_unique<Traced>();
    leg.traced->client = client;
    leg.traced->local = net::SocketAddress::of_socket(connection.stream->fd()).to_string();
    if (!connection.proven) leg.traced->begun = now;
    trace_->upstream(client, leg.lease.upstream().name(), leg.traced->local, connection.proven);
  }
  trace_->sent(client, query.client_id, query.id, leg.traced->local, query.message.size());
}

void Forwarder::trace_connected(Leg& leg) const {
  Traced& traced = *leg.traced;
  if (!traced.begun) return;
  std::optional<tls::ConnectionFacts> facts;
  if (const auto* stream = dynamic_cast<const tls::TlsStream*>(leg.lease->stream.get()))
    facts = stream->facts();
  trace_->connected(traced.client, traced.local, facts, Clock::now() - *traced.begun);
  traced.begun.reset();
}

void Forwarder::trace_received(const Query& query, const Leg& leg, std::size_t octets,
                               Clock::time_point now) const {
  trace_->received(client_.client_of(query), query.client_id, query.id, leg.traced->local, octets,
                   now - query.sent);
}

void Forwarder::trace_lost(const Leg& leg, const std::exception& cause) const {
  trace_->lost(leg.traced->client, leg.traced->local, cause.what());
}
