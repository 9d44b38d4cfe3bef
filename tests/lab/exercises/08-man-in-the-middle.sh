#!/usr/bin/env bash
# A man in the middle, with a CA of his own: strict against --insecure (10 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"

phase "The real resolver, and an impostor"
resolver real
cat >lies.zone <<'ZONE'
example.com. 60 IN SOA . . 1 1 1 1 60
www.example.com. 60 IN A 203.0.113.66
ZONE
start impostor labresolver --listen tls://127.0.0.1:0 --zone lies.zone --ca-out impostor.pem
impostor=$(listening impostor tls)
say "The impostor has a certificate for the very same names, from a CA that he made himself; and a zone of lies. Somehow he got himself onto our path: he answers where we think that the resolver is."
run client "@$real" --ca "$real_ca" --short www.example.com
truth=$output
expect_status 0

phase "A strict client"
run client "@$impostor" --ca "$real_ca" --short www.example.com
look "no answer is better than his: exit code 22, and he never saw the question."
expect_status 22

phase "A client that does not care"
run client "@$impostor" --ca "$real_ca" --insecure --short www.example.com
look "the address is the impostor's. It was encrypted all the way: to him. The warning says what a strict client would have said."
expect_status 0
expect '203\.0\.113\.66'
expect 'WARNING: --insecure'
expect_not "^${truth//./\\.}$"
quiz trust
