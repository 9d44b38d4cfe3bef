#!/usr/bin/env bash
# A man in the middle, with a CA of its own: strict against --insecure (10 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"
need openssl openssl

phase "The real resolver, and an impostor"
resolver real
cat >lies.zone <<'ZONE'
example.com. 60 IN SOA . . 1 1 1 1 60
www.example.com. 60 IN A 203.0.113.66
ZONE
start impostor labresolver --listen tls://127.0.0.1:0 --zone lies.zone --ca-out impostor.pem
impostor=$(listening impostor tls)
say "The impostor has a certificate for the same names, from a CA of its own, and a zone with wrong addresses. It is now on our path, and answers at the address where we expect the resolver."
run client "@$real" --ca "$real_ca" --short www.example.com
truth=$output
expect_status 0

phase "A strict client"
run client "@$impostor" --ca "$real_ca" --short www.example.com
look "no answer is better than a wrong one: exit code 22. The impostor never saw the question."
expect_status 22

phase "A client that does not care"
run client "@$impostor" --ca "$real_ca" --insecure --short www.example.com
look "the address is the impostor's. The query was encrypted, but to the impostor. The warning says what a strict client would have said."
expect_status 0
expect '203\.0\.113\.66'
expect 'WARNING: --insecure'
expect_not "^${truth//./\\.}$"
quiz trust

phase "An impostor that gives right answers, and both sides in one chart"
say "Now another impostor gives right answers: it is a proxy with a certificate of its own, and asks the real resolver. But it keeps a trace."
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=lab.test \
  -addext subjectAltName=DNS:lab.test,IP:127.0.0.1 -keyout quiet.key -out quiet.pem 2>/dev/null
proxy quiet --upstream "$real" --upstream-ca "$real_ca" --cert quiet.pem --key quiet.key --trace trace
run client "@$quiet" --ca "$real_ca" --insecure --short www.example.com --chart careless.txt --proxy-trace trace
expect_status 0
expect "^${truth//./\\.}$"
run cat careless.txt
look "both legs are encrypted (=>), and still the man in the middle ('proxy') reads the name: encryption ends at the server that the client accepts."
expect 'query [0-9]+/[0-9]+ www\.example\.com\. A'
run client "@$quiet" --ca "$real_ca" --short www.example.com --chart strict.txt --proxy-trace trace
expect_status 22
run cat strict.txt
look "the strict client's alert, and that no query comes after it. So the man in the middle asks the resolver nothing, and the chart has no third column."
expect 'fatal unknown_ca'
expect_not 'query [0-9]'

say
say "To think about: the careless client got a right answer, over an encrypted connection. What exactly has it lost? (The chart can be a picture too: --chart FILE.svg.)"
