#include "client/show/json.h"

#include "client/show/failure.h"
#include "client/show/json_message.h"
#include "client/show/key_exchange.h"

namespace client {
namespace {

std::string rfc3339(std::time_t when) {
  std::tm utc{};
  gmtime_r(&when, &utc);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

void write_tls(const tls::ConnectionFacts& facts, JsonWriter& json) {
  json.open_object("tls");
  json.member("version", facts.version);
  json.member("suite", facts.cipher);
  json.member("group", facts.group);
  json.member("post_quantum", is_post_quantum(facts.group));
  json.member("alpn", facts.alpn);
  json.member("resumed", facts.resumed);
  if (facts.peer) {
    json.member("pin", "sha256/" + facts.peer->pin);
    json.member("subject", facts.peer->subject);
    json.member("issuer", facts.peer->issuer);
    json.member("not_after", rfc3339(facts.peer->not_after.time_since_epoch().count()));
  }
  json.close();
}

// `answer` is null where there is none: then no more is told than happened.
void write_transport(const Connection& connection, const Answer* answer, const Options& options,
                     JsonWriter& json) {
  const bool authenticated = connection.tls && !connection.insecure;
  json.open_object("transport");
  json.member("protocol", net::to_string(connection.transport));
  json.member("server", connection.address.host());
  json.member("port", connection.address.port());
  if (connection.local) json.member("local", connection.local->to_string());
  json.member("authenticated", authenticated);
  if (authenticated) {
    json.member("name", options.server.auth_name);
    json.member("authority", connection.authority);
  }
  if (connection.overlooked) json.member("overlooked", to_string(connection.overlooked->kind()));
  if (connection.tls) write_tls(*connection.tls, json);
  json.open_object("phases");
  if (connection.transport != net::Transport::udp && connection.local)
    json.member("connect_ms", milliseconds(connection.connect));
  if (connection.tls) json.member("handshake_ms", milliseconds(connection.handshake));
  if (answer != nullptr) json.member("query_ms", milliseconds(answer->time));
  json.close();
  if (answer != nullptr) {
    json.open_object("sizes");
    json.member("sent", answer->sent);
    json.member("received", answer->received);
    json.close();
  }
  json.close();
}

void write_error(const Failure& failure, const Options& options, std::time_t now, JsonWriter& json) {
  const FailureWords words = failure_to_words(failure, options, now);
  json.open_object("error");
  json.member("phase", to_string(failure.phase));
  json.member("what", words.what);
  json.member("evidence", words.evidence);
  json.member("risk", words.risk);
  json.member("advice", words.advice);
  json.member("exit_code", static_cast<int>(exit_code(failure)));
  json.close();
}

}  // namespace

std::string outcome_to_json(const Outcome& outcome, const Options& options, std::time_t now) {
  std::string lines;
  for (std::size_t i = 0; i < outcome.answers.size(); ++i) {
    JsonWriter json;
    json.open_object();
    json.member("dateString", rfc3339(now));
    json.member("dateSeconds", now);
    if (const auto& answer = outcome.answers[i]) {
      json.member("msgLength", answer->received);
      write_message(answer->message, json);
      if (answer->message.questions.empty()) write_question(options.questions[i], json);  // QDCOUNT is 0
      write_transport(outcome.connections[answer->connection], &*answer, options, json);
    } else {
      write_question(options.questions[i], json);
      if (outcome.failure) write_error(*outcome.failure, options, now, json);
      if (!outcome.connections.empty()) write_transport(outcome.connections.back(), nullptr, options, json);
    }
    json.close();
    lines += json.take() += '\n';
  }
  return lines;
}

}  // namespace client
