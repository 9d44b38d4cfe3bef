#!/usr/bin/env bash
# Clear against encrypted: the same question, seen from the path (10 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"

phase "Somebody on the path"
resolver resolver
relay clear "$resolver_tcp" --print
relay encrypted "tcp://${resolver#tls://}" --print
say "labrelay passes on what goes between client and resolver, and prints every octet of it. One stands on the way to the resolver's TCP port, one on the way to its TLS port."

phase "In clear"
run client "@tcp://$clear" +short secret.google.com A www.example.com A
run cat "$clear_log"
look "the names, letter by letter, and the four octets of each address in the answers."
expect 'example'

phase "Encrypted"
run client "@tls://$encrypted" --ca "$resolver_ca" +short www.example.com A
expect_status 0
run cat "$encrypted_log"
look "the first piece, the ClientHello: it can be read, and says 'dot'. After the ServerHello nothing can be read any more."
expect '\.dot'
expect_not 'example'

phase "The same, side by side"
run client "@$resolver" --ca "$resolver_ca" --eavesdropper www.example.com
look "the left column: that is all there is to see for somebody on the path. What still leaks?"
expect_status 0
quiz path
