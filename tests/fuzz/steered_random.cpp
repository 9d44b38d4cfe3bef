#include "tests/fuzz/steered_random.h"

#include <cstring>
#include <sys/random.h>

namespace {

fuzz::Script script{nullptr, 0};
std::uint16_t state = 0;

std::uint16_t next() {
  if (!script.at_end()) return script.u16();
  return state = static_cast<std::uint16_t>(5 * state + 1);  // a full period (Knuth, 3.2.1.2)
}

}  // namespace

void fuzz::steer_random(Script numbers) {
  script = numbers;
  state = 0;
}

// The last is taken first.
extern "C" ssize_t getrandom(void* into, std::size_t size, unsigned) {
  auto* const octets = static_cast<std::uint8_t*>(into);
  if (size % sizeof(std::uint16_t) != 0) std::memset(octets, 0, size);
  for (std::size_t end = size; end >= sizeof(std::uint16_t); end -= sizeof(std::uint16_t)) {
    const std::uint16_t number = next();
    std::memcpy(octets + end - sizeof number, &number, sizeof number);
  }
  return static_cast<ssize_t>(size);
}
