// A whole DNS message, decoded: what the client prints and labresolver composes. The proxy forwards bytes and
// looks at them through message_view.h instead.
#pragma once

#include <optional>
#include <vector>

#include "common/dns/edns.h"
#include "common/dns/fields.h"
#include "common/dns/header.h"
#include "common/dns/name.h"
#include "common/dns/rdata.h"

namespace dns {

struct Question {
  Name name;
  std::uint16_t type = 0;
  std::uint16_t klass = 1;
  bool operator==(const Question&) const = default;
};

struct Record {
  Name owner;
  std::uint16_t type = 0;
  std::uint16_t klass = 1;
  std::uint32_t ttl = 0;
  Rdata rdata;
  bool operator==(const Record&) const = default;
};

struct Message {
  Header header;  // its counts are the decoder's report; encode() derives them from the vectors
  std::vector<Question> questions;
  std::vector<Record> answers;
  std::vector<Record> authorities;
  std::vector<Record> additionals;  // without the OPT record
  std::optional<Edns> edns;         // encoded behind the additionals, but before a TSIG or SIG(0)

  std::uint16_t rcode() const;  // all twelve bits
  bool operator==(const Message&) const = default;
};

// The whole of `wire`, which must end where the message does. Allocates by what it has read, never by a
// count. `fields`, if given, is told of each field as it is read.
Expected<Message> decode(ByteView wire, FieldSink* fields = nullptr);

Bytes encode(const Message& message);

}  // namespace dns
