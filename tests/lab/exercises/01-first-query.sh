#!/usr/bin/env bash
# A first query: who asks, who answers, and how the answer came (5 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"

phase "A resolver, and a proxy in front of it"
resolver resolver
proxy proxy --upstream "$resolver" --upstream-ca "$resolver_ca"
say "labresolver is this classroom's resolver. It answers from tests/lab/classroom.zone, on $resolver."
say "proxyserver listens on $proxy. It shows cert.pem, and asks labresolver over TLS."

phase "One question"
run client "@$proxy" --ca cert.pem google.com
look "the line 'status: NOERROR', the ANSWER SECTION, and below it how the answer came: which version of TLS, who vouched for the server, and how long each part took."
expect_status 0
expect 'status: NOERROR'
expect '^google\.com\..*IN[[:space:]]+A'
expect 'TLSv1\.3'
expect 'Authenticated: 127\.0\.0\.1 by cert\.pem'

phase "A name that is not there is an answer, too"
run client "@$proxy" --ca cert.pem no-such-name.google.com
look "the status, the SOA record in the AUTHORITY SECTION, and that the exit code is 0: a reply came."
expect_status 0
expect 'status: NXDOMAIN'
quiz answer

phase "If no server is there, there is no answer"
run client @tls://127.0.0.1:1 --ca cert.pem google.com
look "one line that says what, why, and what to try, and its own exit code: 20."
expect_status 20
