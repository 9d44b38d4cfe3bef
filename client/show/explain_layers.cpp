#include "client/show/explain_layers.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

#include "client/show/sealing.h"
#include "client/show/tls_words.h"

namespace client {
namespace {

using Kind = WireEvent::Kind;
using net::Transport;

constexpr std::size_t kHeader = 5;
constexpr std::size_t kPrefix = 2;

struct Record {
  std::uint8_t content;  // the true one, where the header hides it
  std::size_t length;    // octets after the header
};

std::vector<Record> records_of(const Outcome& outcome, std::size_t connection, bool sent) {
  std::vector<Record> records;
  for (const WireEvent& event : outcome.recording.events) {
    if (event.connection != connection || event.sent != sent) continue;
    const Bytes& octets = event.octets;
    if (event.kind == Kind::record_header && octets.size() == kHeader && is_content_type(octets[0]))
      records.push_back({octets[0], static_cast<std::size_t>(octets[3] << 8 | octets[4])});
    if (event.kind == Kind::inner_type && !octets.empty() && !records.empty())
      records.back().content = octets[0];
  }
  return records;
}

std::vector<std::size_t> message_sizes(const Outcome& outcome, std::size_t connection, bool sent) {
  std::vector<std::size_t> sizes;
  for (const WireEvent& event : outcome.recording.events)
    if (event.connection == connection && event.sent == sent && event.kind == Kind::message)
      sizes.push_back(event.octets.size());
  return sizes;
}

// Fills rows with messages and records until both end at the same octet of the plain stream.
class Rows {
 public:
  Rows(bool sent, Sealing sealing) : sealing_(sealing), row_{.sent = sent} {}

  void add(const std::vector<Record>& records, const std::vector<std::size_t>& messages) {
    auto next = messages.begin();
    for (const Record& record : records) {
      if (record.content != content::kApplicationData) continue;
      take(record);
      while (next != messages.end() && carried_ < plain_) message(*next++);
      if (sealing_.known && carried_ == plain_) end_row();
    }
    while (next != messages.end()) message(*next++);
    if (row_.messages + row_.records > 0) end_row();
  }

  std::vector<LayerRow> take_rows() { return std::move(rows_); }

 private:
  void take(const Record& record) {
    ++row_.records;
    row_.headers += kHeader;
    row_.inner_type += sealing_.inner_type;
    row_.nonce += sealing_.nonce;
    row_.tag += sealing_.tag;
    plain_ += record.length - std::min(record.length, sealing_.total());
  }

  void message(std::size_t size) {
    ++row_.messages;
    row_.dns += size;
    row_.lengths += kPrefix;
    carried_ += size + kPrefix;
  }

  void end_row() {
    row_.other = plain_ - std::min(plain_, carried_);
    rows_.push_back(row_);
    row_ = {.sent = row_.sent};
    plain_ = carried_ = 0;
  }

  Sealing sealing_;
  LayerRow row_;
  std::size_t plain_ = 0;    // octets that the row's records carry
  std::size_t carried_ = 0;  // octets of the row's messages, lengths included
  std::vector<LayerRow> rows_;
};

void add_direction(const Outcome& outcome, std::size_t connection, bool sent, std::vector<LayerRow>& rows) {
  const Connection& facts = outcome.connections[connection];
  const std::vector<std::size_t> messages = message_sizes(outcome, connection, sent);
  if (facts.transport == Transport::tls) {
    Rows tls(sent, sealing_of(facts));
    tls.add(records_of(outcome, connection, sent), messages);
    std::ranges::copy(tls.take_rows(), std::back_inserter(rows));
    return;
  }
  for (const std::size_t size : messages)
    rows.push_back({.sent = sent,
                    .messages = 1,
                    .dns = size,
                    .lengths = facts.transport == Transport::tcp ? kPrefix : 0});
}

std::string row_text(const LayerRow& row) {
  std::string out = fmt::format("   {:8}  {:5} DNS", row.sent ? "sent" : "received", row.dns);
  const auto add = [&](std::size_t octets, std::string_view what) {
    if (octets > 0) out += fmt::format(" + {} {}", octets, what);
  };
  add(row.lengths, "length");
  add(row.inner_type, "inner type");
  add(row.nonce, "nonce");
  add(row.tag, "tag");
  add(row.other, "other");
  add(row.headers, "header");
  out += fmt::format(" = {} octets", row.total());
  if (row.messages != 1 || row.records > 1)
    out += fmt::format(" ({} messages, {} records)", row.messages, row.records);
  return out + '\n';
}

std::string sum_text(const DirectionSum& sum, bool sent) {
  // At most 110 columns, even of a million octets.
  std::string out = fmt::format("   {:8}  {:5} for DNS", sent ? "sent" : "received", sum.messages);
  if (sum.handshake > 0) out += fmt::format(" + {} for handshake", sum.handshake);
  if (sum.alerts > 0) out += fmt::format(" + {} for alerts", sum.alerts);
  if (sum.wire > sum.explained()) out += fmt::format(" + {} not read", sum.wire - sum.explained());
  return out + fmt::format(" = {} octets passed\n", sum.wire);
}

}  // namespace

std::vector<LayerRow> layer_rows(const Outcome& outcome, std::size_t connection) {
  std::vector<LayerRow> rows;
  add_direction(outcome, connection, true, rows);
  add_direction(outcome, connection, false, rows);
  return rows;
}

DirectionSum direction_sum(const Outcome& outcome, std::size_t connection, bool sent) {
  DirectionSum sum;
  for (const WireEvent& event : outcome.recording.events)
    if (event.connection == connection && event.sent == sent && event.kind == Kind::wire)
      sum.wire += event.octets.size();
  for (const Record& record : records_of(outcome, connection, sent)) {
    std::size_t& part = record.content == content::kApplicationData ? sum.messages
                        : record.content == content::kAlert         ? sum.alerts
                                                                    : sum.handshake;
    part += kHeader + record.length;
  }
  const Transport transport = outcome.connections[connection].transport;
  if (transport == Transport::tls) return sum;
  for (const std::size_t size : message_sizes(outcome, connection, sent))
    sum.messages += size + (transport == Transport::tcp ? kPrefix : 0);
  return sum;
}

std::string explain_layers(const Outcome& outcome, std::size_t connection) {
  std::string out;
  for (const LayerRow& row : layer_rows(outcome, connection)) out += row_text(row);
  for (const bool sent : {true, false})
    if (const DirectionSum sum = direction_sum(outcome, connection, sent); sum.wire > 0)
      out += sum_text(sum, sent);
  return out;
}

}  // namespace client
