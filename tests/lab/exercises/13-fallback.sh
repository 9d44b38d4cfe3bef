#!/usr/bin/env bash
# A stub that falls back: opportunistic against strict privacy (10 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"

phase "A stub that means well"
resolver resolver
relay path "$resolver_tcp" --print
say "This stub asks over TLS, and, so that its users never complain, in clear where TLS fails (RFC 8310 §5, opportunistic):"
opportunistic() { client "@$1" --ca "$resolver_ca" --short "$2" 2>/dev/null || client "@tcp://$path" --short "$2"; }
strict() { client "@$1" --ca "$resolver_ca" --short "$2"; }
declare -f opportunistic | sed 's/^/    /'

phase "While TLS works"
run opportunistic "$resolver" www.example.com
expect_status 0
run cat "$path_log"
look "nothing in clear went over the path."
expect_not 'example'

phase "Somebody blocks the TLS port"
run opportunistic tls://127.0.0.1:1 www.example.com
expect_status 0
say "The user got an answer and is content. And somebody on the path, who only had to block a port:"
run cat "$path_log"
look "the name, in clear."
expect 'example'
quiz clear

phase "The strict profile"
run strict tls://127.0.0.1:1 www.example.com
look "no answer, and no name for anybody. That is what proxyserver does, too: with a tls:// upstream nothing leaves in clear."
expect_status 20
