#!/usr/bin/env bash
# The demo as its users run it: in Docker, with either builder, and on a bare Debian 12. Needs a Docker engine that
# has debian:bookworm-slim or can get it, and the right to publish ports 8443 and 54.
#
#   tests/container/run.sh [PART]...     legacy, buildkit: the demo by either builder; bare: on a bare Debian 12;
#                                        bare-tests: ./start.sh test there. All of them by default.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
source_tree=$(cd -- "$here/../.." && pwd)

# Works on a copy, without what was built here: what is tested comes out of the sources alone.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tar -C "$source_tree" --exclude='./.git' --exclude='./.build*' -cf - . | tar -C "$copy" -xf -
cd "$copy"

[ $# -gt 0 ] || set -- legacy buildkit bare bare-tests
for part; do
  echo "== $part"
  case $part in
    legacy) DOCKER_BUILDKIT=0 "$here/demo.sh" ;;
    # Debian's own docker command brings the builder along; one that comes earlier in PATH may need a plugin for it.
    buildkit) PATH=/usr/bin:$PATH DOCKER_BUILDKIT=1 "$here/demo.sh" ;;
    bare) "$here/bare.sh" ;;
    bare-tests) "$here/bare.sh" tests ;;
    *) echo "no such part: $part" >&2 && exit 1 ;;
  esac
done
