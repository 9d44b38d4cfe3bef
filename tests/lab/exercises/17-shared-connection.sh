#!/usr/bin/env bash
# A shared connection: three clients, one way to the resolver (15 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"

phase "Three clients, at the same time"
resolver resolver
proxy proxy --upstream "$resolver" --upstream-ca "$resolver_ca" --trace trace
say "A handshake costs time. So the proxy keeps one connection to the resolver, and all clients share it. Anna asks for a name that takes long: 'delay-NNN.' makes this resolver wait NNN milliseconds. Ben and Eve ask while she waits."
ask() { client "@$proxy" --ca cert.pem --fixed-id "$1" --short "$2" --chart "$3.txt" --proxy-trace trace; }
together() {
  : >trace
  ask 1001 delay-500.www.example.com anna >anna.out 2>&1 &
  anna=$!
  await 1 ' sent .* id=1001 ' trace
  run ask 1002 example.net ben
  expect_status 0
  expect '^198\.51\.100\.10$'
  run ask 1003 google.com eve
  expect_status 0
  expect '^192\.0\.2\.46$'
  wait "$anna" || fail "Anna got no answer: $(cat anna.out)"
  await 3 ' answer ' trace
  connections=$(grep -oE 'local=[^ ]+' trace | sort -u | wc -l)
}
for _ in 1 2 3 4 5; do
  together
  [ "$connections" -gt 1 ] || break
  say "This machine was busy: Ben asked after the connection had been silent for more than 100 ms, so the proxy opened a second one. We try again."
done
quiz answer

phase "What the proxy writes into its trace"
run grep -E ' (upstream|sent|received) ' trace
look "'local=': it is the proxy's end of the connection to the resolver, and the same for all three. 'id=' is the ID that the client chose; 'upstream_id=' is the one that the proxy gave the query, so that no two queries on one connection have the same ID. Whose answer came first, and who had asked first?"
[ "$connections" -eq 1 ] || fail "there was more than one connection"
expect ' id=1002 .* reader='

phase "Which thread reads for the others"
run cat ben.txt
look "'read by the thread of'. One thread at a time reads a shared connection: here Anna's, which waits for her own slow answer anyway. It reads Ben's answer, and hands it on to Ben."
expect 'read by the thread of 127\.0\.0\.1:'
expect 'takes the open connection'
anna_address=$(grep -oE 'client=[^ ]+ id=1001' trace | head -n 1 | cut -d ' ' -f 1 | cut -d = -f 2)
expect "read by the thread of $anna_address"
run cat anna.txt
look "the same run from Anna's side: nobody had to read for her. Her slow answer held up nobody."
expect_not 'read by the thread of'
expect 'answer 1001/[0-9]+ delay-500'

say
say "What you have learnt: on a shared connection the ID ties an answer to its query, and answers may come in any order (RFC 7766, section 7). A slow answer makes only its own client wait."
say "To think about: what if two queries on one connection had the same ID? And who reads when Anna's client goes away while Ben still waits?"
