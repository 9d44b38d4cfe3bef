// What each layer adds to a DNS message, octet by octet, until it passes the socket.
//
//    DNS + 2 (length, RFC 7766 §8) + what encryption adds + 5 (record header, RFC 8446 §5.1)
//      = octets on the stream
//
// What encryption adds is in sealing.h.
#pragma once

#include <string>
#include <vector>

#include "client/ask.h"

namespace client {

// Messages and the TLS records that carry them: as a rule one and one. Messages that share a record share a
// row, and so do records that share a message. Without TLS a message is a row.
struct LayerRow {
  bool sent = false;
  std::size_t messages = 0;
  std::size_t dns = 0;      // octets of the messages
  std::size_t lengths = 0;  // two each, on a stream
  std::size_t inner_type = 0;
  std::size_t nonce = 0;
  std::size_t tag = 0;
  std::size_t other = 0;  // not AEAD: initialization vector, MAC, padding; and what is not explained
  std::size_t records = 0;
  std::size_t headers = 0;  // five each

  std::size_t total() const { return dns + lengths + inner_type + nonce + tag + other + headers; }
};

// All octets of a connection in one direction, by what they were for.
struct DirectionSum {
  std::size_t handshake = 0;  // records of the handshake, change_cipher_spec among them
  std::size_t alerts = 0;
  std::size_t messages = 0;  // records that carried DNS messages; without TLS, these with their lengths
  std::size_t wire = 0;      // what passed the socket; more than the sum if some was not read as records

  std::size_t explained() const { return handshake + alerts + messages; }
};

std::vector<LayerRow> layer_rows(const Outcome& outcome, std::size_t connection);
DirectionSum direction_sum(const Outcome& outcome, std::size_t connection, bool sent);

// Both as a table, one connection's. Empty where nothing passed.
std::string explain_layers(const Outcome& outcome, std::size_t connection);

}  // namespace client
