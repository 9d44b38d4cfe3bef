#!/usr/bin/env bash
# Wrong name: a good certificate, for somebody else (5 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"

phase "A certificate for another name"
resolver resolver --fault wrong-name
run client "@$resolver" --ca "$resolver_ca" google.com
look "the words 'wanted' and 'found': the certificate is genuine, but it is for another server. Without the check of the name, anybody with any certificate from this CA could answer in place of this server."
expect_status 23
expect 'wanted 127\.0\.0\.1, found DNS:somebody-else\.test'
quiz trust

phase "The name to check is for us to choose"
run client "@$resolver" --ca "$resolver_ca" --tls-name somebody-else.test google.com +noall +answer +stats
look "'Authenticated': we asked for that name, so that is who it is. Do this only if it is the server that you mean."
expect_status 0
expect 'Authenticated: somebody-else\.test'
