#!/usr/bin/env bash
# Every octet: a query and its answer, taken apart (15 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"

phase "From the first packet to the last"
resolver resolver
run client "@$resolver" --ca "$resolver_ca" --explain +noall +answer www.example.com
look "the order: TCP, the handshake message by message, and from where on all of it is encrypted; then the query and the answer, every octet with its field, its meaning and the section of the RFC."
expect_status 0
expect 'ClientHello'
expect 'QNAME'
expect 'RFC 1035'
quiz names

phase "The same without TLS"
run client "@$resolver_udp" --explain +noall +answer www.example.com
look "what is missing. Add up the octets of both: what does TLS cost, on this one query, and what of it would a second query over the same connection save?"
expect_status 0
expect_not 'ClientHello'

phase "The header, to read by yourself"
run client "@$resolver_udp" --explain +noall +norec no-such-name.example.com
look "the flags, bit by bit. Which ones did the resolver set, which one did we leave out, and which four bits say that there is no such name?"
expect_status 0
