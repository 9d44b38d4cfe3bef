// --retry-on: an answer that says that a resolver could not, or would not, is kept, and the next resolver is
// asked. What that one says is the answer; if it says nothing, what was kept is.
//
//   attendant: not the last word ──► Why::refused, by mail ──► asker: refused() ──► ask_another()
//                                                                     lost() ──────────┘
#include <algorithm>

#include "proxyserver/asking/forwarder.h"

// False: its asker is to ask another resolver first. What the second one says counts, whatever it is.
bool Forwarder::is_last_word(const Reply& reply, const Upstream& upstream) const {
  if (limits_->retry_on.empty() || upstream.group().size() == 1) return true;
  if (std::ranges::find(limits_->retry_on, reply.answer->rcode()) == limits_->retry_on.end()) return true;
  const Upstream* const before = reply.query->refused_by;
  return before != nullptr && !before->is_one_with(upstream);
}

void Forwarder::refused(const Returned& returned, Clock::time_point now) {
  const QueryPtr& query = returned.query;
  Upstream& by = returned.from->upstream();
  if (!query->waiting) return;
  --query->copies;
  if (const Upstream* const before = query->refused_by; before == nullptr) {
    query->refusal = returned.answer;
    query->refused_by = &by;
  } else if (!before->is_one_with(by)) {  // it had been asked besides
    return end_with(query, returned.answer, &by, now);
  }
  ask_another(query, now);
}

// For a query that has been refused: one more resolver. If none can be asked, the refusal is the answer.
void Forwarder::ask_another(const QueryPtr& query, Clock::time_point now) {
  const Upstream& by = *query->refused_by;
  const Upstream* const last = query->asked_last;
  if (query->copies > 0 && last != nullptr && !last->is_one_with(by)) return;  // another is being asked
  Upstream* const other = query->sends < kMaxSends ? query->group->of_another_resolver(by, now) : nullptr;
  if (other != nullptr && send_besides({&query, 1}, *other, shared_terms(), nullptr, now))
    return count(Metrics::Again::refused);
  if (query->copies == 0) end_with(query, query->refusal, &by, now);
}
