// A well-behaved client that goes on asking while the proxy is under attack: its answers must keep coming,
// each the right one, and the median of their times must at most double (issue 5, item 3).
#pragma once

#include <functional>

#include "tests/support/lab.h"

// What goes on meanwhile, on the caller's thread, until about `end`.
using Attack = std::function<void(net::Deadline end)>;

// Asks over a DoT connection of its own, first alone, then beside the attack, and says by CHECK whether all
// was well. Repeats both if it was not, twice at most: the machine has other work too. The names asked begin
// with "bystander", by which a resolver that is the attacker knows who is to be left in peace.
void check_undisturbed(const Proxy& proxy, const Attack& attack);

// A new client is let in and answered, soon.
void check_welcomed(const Proxy& proxy);
