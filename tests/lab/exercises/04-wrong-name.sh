#!/usr/bin/env bash
# Wrong name: a good certificate, for somebody else (5 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"

phase "A certificate for another name"
resolver resolver --fault wrong-name
run client "@$resolver" --ca "$resolver_ca" google.com
look "wanted, found: the certificate is genuine, but not this server's. Whoever may get any certificate at all from this CA could stand here."
expect_status 23
expect 'wanted 127\.0\.0\.1, found DNS:somebody-else\.test'
quiz trust

phase "The name to check is for us to choose"
run client "@$resolver" --ca "$resolver_ca" --tls-name somebody-else.test google.com +noall +answer +stats
look "'Authenticated': we asked for that name, so that is who it is. Do this only if it is the server that you mean."
expect_status 0
expect 'Authenticated: somebody-else\.test'
