#include "common/dns/wire_reader.h"

namespace dns {

WireReader WireReader::window(std::size_t count) {
  WireReader inner = *this;
  if (take(count))
    inner.end_ = offset_;
  else
    inner = *this;  // as failed as this one
  return inner;
}

void WireReader::close(const WireReader& window) {
  if (!window.ok()) {
    const WireError& error = window.error();
    fail_at(error.offset, error.fault, error.wanted, error.got);
  } else if (!window.at_end()) {
    fail_at(window.offset(), WireFault::trailing_bytes, 0, window.remaining());
  }
}

void WireReader::fail(WireFault fault, std::size_t wanted, std::size_t got) {
  fail_at(offset_, fault, wanted, got);
}

void WireReader::fail_at(std::size_t offset, WireFault fault, std::size_t wanted, std::size_t got) {
  if (!ok_) return;
  ok_ = false;
  error_ = {fault, offset, wanted, got};
  end_ = offset_;  // from here on take() refuses every octet, without asking ok_
}

}  // namespace dns
