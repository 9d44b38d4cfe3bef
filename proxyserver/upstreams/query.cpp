#include "proxyserver/upstreams/query.h"

#include <algorithm>

Asked asked_by(const dns::MessageView& query) {
  if (!query.opt) return {};
  const dns::HopOptions options = dns::hop_options(query);
  return {true, options.padded, options.asks_keepalive, std::max<std::uint16_t>(query.opt->udp_size, 512)};
}

Query::Query(std::shared_ptr<Asker> who, const dns::MessageView& query,
             const dns::OptSplice& upstream_options)
    : asker(std::move(who)), view(query), asked(asked_by(query)) {
  if (!dns::splice_opt(query, upstream_options, message))
    message.assign(query.bytes.begin(), query.bytes.end());
  // Of the view only what answers are compared with is used, and splicing leaves that as it is.
  view.bytes = message;
  view.question = view.bytes.subspan(dns::kHeaderSize, query.question.size());
}
