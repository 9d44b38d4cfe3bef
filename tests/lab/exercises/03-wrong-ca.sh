#!/usr/bin/env bash
# Wrong CA: a certificate that nobody we trust has signed (5 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"

phase "A resolver with a CA of its own"
resolver resolver
say "labresolver made itself a CA when it started, and a certificate that this CA has signed."
run client "@$resolver" --ca "$resolver_ca" google.com +noall +answer
expect_status 0

phase "The same resolver, but we trust somebody else"
run client "@$resolver" --ca cert.pem google.com
look "the issuer that was found, the file whose anchors were tried, what could have happened, and the exit code, 22. Was the question sent?"
expect_status 22
expect 'issued by nobody we trust'
quiz trust

phase "How far it got"
run client "@$resolver" --ca cert.pem --explain google.com
look "where it ends: our side sends an alert in place of its Finished message. The name of the question never left this machine."
expect_status 22
expect_not 'QNAME'
