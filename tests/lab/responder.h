// From a query's octets to its answer's: labresolver without sockets. Constant once made; any thread, each
// with dice of its own.
#pragma once

#include <chrono>
#include <optional>

#include "common/bytes.h"
#include "common/dns/message.h"
#include "common/net/endpoint.h"
#include "tests/lab/faults.h"
#include "tests/lab/zone.h"

namespace lab {

enum class Delivery : std::uint8_t { whole, half_then_close, half_then_stall, reset };

struct Reply {
  Bytes message;
  std::chrono::milliseconds delay{0};  // from the query's arrival to the answer's departure
  unsigned copies = 1;
  Delivery delivery = Delivery::whole;
};

class Responder {
 public:
  // Both must outlive it.
  Responder(const Zone& zone, const Faults& faults, std::chrono::milliseconds delay)
      : zone_(zone), faults_(faults), delay_(delay) {}

  // nullopt: no answer, since this is no query (QR=1, less than a header) or a fault has taken it.
  std::optional<Reply> respond(ByteView query, net::Transport transport, Dice& dice) const;

 private:
  dns::Message answer(const dns::Message& query, std::chrono::milliseconds& delay) const;
  void look_up(const dns::Question& question, std::chrono::milliseconds& delay, dns::Message& reply) const;

  const Zone& zone_;
  const Faults& faults_;
  const std::chrono::milliseconds delay_;
};

}  // namespace lab
