// What an integration test looks for in a SERVFAIL: the extended DNS error (RFC 8914) that says why.
#pragma once

#include <string>

#include "common/dns/codes.h"
#include "common/dns/message.h"

struct FoundError {
  int code = -1;  // -1: the reply carries none
  std::string text;
};

inline FoundError extended_error_in(const dns::Message& reply) {
  if (!reply.edns) return {};
  const dns::EdnsOption* option = reply.edns->find(dns::option::EXTENDED_ERROR);
  if (option == nullptr || option->value.size() < 2) return {};
  return {option->value[0] << 8 | option->value[1],
          std::string(option->value.begin() + 2, option->value.end())};
}
