#!/usr/bin/env bash
# The demo as its users run it: in Docker, with either builder, and on a bare Debian 12 and 13. Needs a Docker engine
# that has debian:bookworm-slim and debian:trixie-slim or can get them, and the right to publish ports 8443 and 54.
#
#   tests/container/run.sh [PART]...     legacy, buildkit: the demo by either builder
#                                        bare, bare-trixie: the demo on a bare Debian 12, 13
#                                        bare-tests, bare-trixie-tests: the demo, then ./start.sh test there
#                                        trixie-tests: the same on Debian 13, the unit and integration tests alone
#                                        By default legacy, buildkit, bare-tests and bare-trixie-tests.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
source_tree=$(cd -- "$here/../.." && pwd)

# Works on a copy, without what was built here: what is tested comes out of the sources alone.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tar -C "$source_tree" --exclude='./.git' --exclude='./.build*' -cf - . | tar -C "$copy" -xf -
cd "$copy"

[ $# -gt 0 ] || set -- legacy buildkit bare-tests bare-trixie-tests
for part; do
  echo "== $part"
  began=$SECONDS
  case $part in
    legacy) DOCKER_BUILDKIT=0 "$here/demo.sh" ;;
    # Debian's own docker command brings the builder along; one that comes earlier in PATH may need a plugin for it.
    buildkit) PATH=/usr/bin:$PATH DOCKER_BUILDKIT=1 "$here/demo.sh" ;;
    bare) "$here/bare.sh" bookworm ;;
    bare-trixie) "$here/bare.sh" trixie ;;
    bare-tests) "$here/bare.sh" bookworm tests ;;
    bare-trixie-tests) "$here/bare.sh" trixie tests ;;
    trixie-tests) "$here/bare.sh" trixie tests -L 'unit|integration' -j 3 ;;
    *) echo "no such part: $part" >&2 && exit 1 ;;
  esac
  echo "== $part took $((SECONDS - began)) s"
done
