#!/usr/bin/env bash
# Decrypting a capture: what the keys are worth, with tshark (10 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"
need tshark tshark

phase "A run that writes down its packets, and the secrets of its connection"
resolver resolver
run client "@$resolver" --ca "$resolver_ca" --capture run.pcapng google.com +noall +answer
quiz path
look "the warning. The file holds the keys of this one connection: everybody who has it can read the messages."
expect_status 0
[ "$(stat -c %a run.pcapng)" = 600 ] || fail "the capture can be read by others"

phase "tshark, told that this port speaks DNS"
run tshark -r run.pcapng -d "tls.port==${resolver##*:},dns" -Y dns
look "the question and its answer, out of the encrypted records."
expect_status 0
expect 'google\.com'

phase "The same packets, without the secrets"
run editcap --discard-all-secrets run.pcapng locked.pcapng
run tshark -r locked.pcapng -d "tls.port==${resolver##*:},dns"
look "handshake and Application Data, and that is all."
expect 'Application Data'
expect_not 'google\.com'
