// What the decoder told of a message's fields, and whether every octet has one owner.
#pragma once

#include <optional>
#include <string>

#include "common/dns/message.h"

struct FieldList : dns::FieldSink {
  void entry(dns::Section section, std::size_t index, std::size_t) override {
    at = std::to_string(static_cast<int>(section)) + "/" + std::to_string(index);
  }
  void field(const dns::WireField& told) override {
    fields.push_back(told);
    entries.push_back(at);
  }

  // The octets [0, n) that the fields cover in order, without gap or overlap; nullopt if they do not.
  std::optional<std::size_t> tiled() const {
    std::size_t end = 0;
    for (const dns::WireField& told : fields) {
      if (told.offset != end) return std::nullopt;
      end += told.length;
    }
    return end;
  }

  std::string at;
  std::vector<dns::WireField> fields;
  std::vector<std::string> entries;  // "2/0": the first answer
};
