#!/usr/bin/env bash
# Resumption: what a handshake costs, and how to save it (10 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"

phase "Two runs, one session"
resolver resolver
run client "@$resolver" --ca "$resolver_ca" --session session.pem google.com +noall +stats
expect_status 0
expect 'full handshake'
run client "@$resolver" --ca "$resolver_ca" --session session.pem google.com +noall +stats
look "'resumed': the ticket of the first run stood for the certificate. Compare the handshakes' times."
expect_status 0
expect 'resumed'
quiz resumption

phase "Round trips"
run client "@$resolver" --ca "$resolver_ca" --timeline google.com
look "one round trip each for TCP, for TLS 1.3, and for the question. With the resolver 20 ms away, what does the first answer cost? And the second, over the same connection?"
expect_status 0

phase "Measured"
run client "@$resolver" --ca "$resolver_ca" --clear-port "${resolver_tcp##*:}" --bench 20 google.com
look "the same question by every way there is. What is cheaper than resumption?"
expect_status 0
