#!/usr/bin/env bash
# Pins: trust in one key, with or without a CA (10 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"

phase "The server's pin"
resolver resolver
run client "@$resolver" --ca "$resolver_ca" --json google.com
pin=$(value 'sha256/[A-Za-z0-9+/=]{44}')
say "The SHA-256 of the server's public key, in base64: $pin"

phase "The right key"
run client "@$resolver" --ca "$resolver_ca" --pin "$pin" google.com +noall +answer
expect_status 0

phase "No CA at all: the pin alone"
run client "@$resolver" --pin-only --pin "$pin" google.com +noall +answer +stats
look "'Authenticated … by its pin': no file of trust anchors was looked at (RFC 7858 §4.2)."
expect_status 0
expect 'by its pin'

phase "Another key"
run client "@$resolver" --ca "$resolver_ca" --pin sha256/v+/c4XhSxq88CQtgS8zTmu73Hv9q7/zGMOdzWgD0q2k= google.com
look "the CA vouches for this server, and still we stop, with exit code 25. Who would want that? What happens on the day the server gets a new key?"
expect_status 25
expect "its pin is ${pin//+/.}"
quiz trust
