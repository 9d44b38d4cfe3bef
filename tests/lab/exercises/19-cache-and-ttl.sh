#!/usr/bin/env bash
# A cache, and what a TTL is for (10 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"

phase "A proxy that remembers"
resolver resolver
proxy proxy --upstream "$resolver" --upstream-ca "$resolver_ca" --cache 1 --trace trace
say "With --cache the proxy keeps answers: here up to one megabyte of them. How long? That is what the TTL of a record says, in seconds."
run client "@$proxy" --ca cert.pem +noall +answer short.example.com
look "the number after the name: 60, the TTL. For these 60 seconds anybody may remember this address."
expect_status 0
expect '^short\.example\.com\.[[:space:]]60[[:space:]]'
quiz answer

phase "Asked again, a second later"
remaining() { client "@$proxy" --ca cert.pem +noall +answer short.example.com | awk '{ print $2 }'; }
for _ in $(seq 200); do
  [ "$(remaining)" -eq 60 ] || break
  sleep 0.05
done
run client "@$proxy" --ca cert.pem +noall +answer short.example.com --chart again.txt --proxy-trace trace
look "the TTL. The proxy counts it down, so that nobody remembers the address for longer than its owner allows."
expect_status 0
expect '^short\.example\.com\.[[:space:]]5[0-9][[:space:]]'
run cat again.txt
look "'from its cache', and no third lane: the resolver was not asked. And how long does this answer take, compared with the first?"
expect 'answers [0-9]+ from its cache: NOERROR'
expect_not 'upstream resolver'
await 2 ' answer .* cache=fresh' trace
[ "$(grep -c ' sent ' trace)" -eq 1 ] || fail "the resolver was asked more than once"

phase "What is not there is remembered, too"
run client "@$proxy" --ca cert.pem +noall +comments +authority no-such-name.google.com
expect_status 0
expect 'status: NXDOMAIN'
run client "@$proxy" --ca cert.pem +noall +comments +authority no-such-name.google.com
look "the SOA record. Its last number, the minimum, says for how long 'there is no such name' may be kept (RFC 2308): 60 seconds here, though the record itself has 300."
expect 'status: NXDOMAIN'
await 2 ' sent ' trace
run grep -E ' (sent|answer) ' trace
look "'cache=fresh' stands where the proxy remembered. The resolver got two queries in all."
expect 'rcode=NXDOMAIN .*cache=fresh'
[ "$(grep -c ' sent ' trace)" -eq 2 ] || fail "the resolver was asked more than twice"

phase "A TTL of 0"
run client "@$proxy" --ca cert.pem --short zero.example.com
run client "@$proxy" --ca cert.pem --short zero.example.com
await 4 ' sent ' trace
look "this one may not be remembered at all: both queries went to the resolver."
expect_status 0

say
say "What you have learnt: the owner of a name says by its TTL how long others may remember it. A long one saves queries, a short one lets changes through."
say "To think about: you move a web server to another address tomorrow. What do you do with its TTL today? And what can somebody learn who asks a shared cache, and looks at the TTL?"
