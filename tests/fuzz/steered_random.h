// In place of the kernel's random source, for targets that promise something about what is drawn: the input
// says what comes, and a finding can be seen again.
#pragma once

#include "tests/fuzz/fuzz.h"

namespace fuzz {

// From now on getrandom(2) gives the numbers of this script, 16 bits at a time, as RandomIds takes them; and
// behind its end each of the 65,536 once, over and over.
void steer_random(Script numbers);

}  // namespace fuzz
