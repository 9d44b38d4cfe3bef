# Questions whose names are Zipf-distributed (the n-th most asked is asked 1/n as often as the first), for compare:
# `count` of them over `names` names, always the same ones. `run` is part of each name: what another run has left in a
# cache is no use to this one.
BEGIN {
  for (i = 1; i <= names; ++i) below[i] = sum += 1 / i
  dice = 4711
  for (; count > 0; --count) {
    dice = dice * 16807 % 2147483647 # Lehmer's generator: an awk's own differs from the next one's
    at = dice / 2147483647 * sum
    low = 1
    high = names
    while (low < high) {
      middle = int((low + high) / 2)
      if (below[middle] < at) low = middle + 1
      else high = middle
    }
    printf "q%d-%s.tag.test TXT\n", low, run
  }
}
