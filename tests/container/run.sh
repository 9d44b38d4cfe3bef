#!/usr/bin/env bash
# The demo as its users run it: in Docker, with either builder, and on a bare Debian 12. Needs a Docker engine that
# has debian:bookworm-slim or can get it, and the right to publish ports 8443 and 54.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
source_tree=$(cd -- "$here/../.." && pwd)

# Works on a copy, without what was built here: what is tested comes out of the sources alone.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tar -C "$source_tree" --exclude='./.git' --exclude='./.build*' -cf - . | tar -C "$copy" -xf -
cd "$copy"

echo "== the legacy builder"
DOCKER_BUILDKIT=0 "$here/demo.sh"
echo "== BuildKit"
# Debian's own docker command brings the builder along; one that comes earlier in PATH may need a plugin for it.
PATH=/usr/bin:$PATH DOCKER_BUILDKIT=1 "$here/demo.sh"
echo "== a bare Debian 12"
"$here/bare.sh"
