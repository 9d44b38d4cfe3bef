#include "proxyserver/process/scheduling.h"

#include <sched.h>

void run_in_batches() noexcept {
  const sched_param none{};
  if (sched_getscheduler(0) == SCHED_OTHER) sched_setscheduler(0, SCHED_BATCH, &none);
}
