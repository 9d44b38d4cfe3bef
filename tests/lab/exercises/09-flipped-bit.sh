#!/usr/bin/env bash
# A flipped bit: in plain DNS a wrong address, in TLS an alarm (10 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"

phase "Somebody on the path who changes one bit"
resolver resolver
relay plain "$resolver_tcp" --flip
relay encrypted "$resolver" --flip
say "labrelay flips the lowest bit of the last octet of the answer, once over TCP and once over TLS. Without EDNS the answer's last octets are the address itself."

phase "What the resolver says"
run client "@$resolver_tcp" --short +noedns www.example.com
truth=$output
expect_status 0

phase "Over TCP, one bit flipped"
run client "@tcp://$plain" --short +noedns www.example.com
look "another address, exit code 0, and no warning: plain DNS has no check that would notice the change."
expect_status 0
expect '^[0-9.]+$'
[ "$output" != "$truth" ] || fail "the address is still $truth"

phase "Over TLS, one bit flipped"
run client "@tls://$encrypted" --ca "$resolver_ca" --short +noedns www.example.com
look "every record carries a tag of 16 octets that only the two ends can make. If one bit changes, the tag is wrong: the client ends the connection, and uses nothing of this record."
expect_status 27
expect 'bad_record_mac'
expect_not '^[0-9.]+$'
quiz integrity
