#!/usr/bin/env bash
# TLS 1.1 only: a server from before 2008 (5 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"

phase "An old server"
resolver resolver --fault tls11-only
run client "@$resolver" --ca "$resolver_ca" google.com
look "we offer TLS 1.2 and 1.3, it knows neither and says so, with the alert protocol_version: exit code 21. RFC 8996 has forbidden what is older than 1.2."
expect_status 21

phase "A client that would take anything"
run client "@$resolver" --ca "$resolver_ca" --tls-min 1.0 google.com +noall +answer +stats
look "the answer came, and the line ';; TLS' shows the version. TLS 1.1 makes its keys with MD5 and SHA-1, and encrypts with CBC. All three have been attacked many times. Which servers still offer TLS 1.1, and to which clients?"
expect_status 0
expect 'TLS: TLSv1\.1'
expect 'WARNING: TLSv1\.1'
quiz versions

phase "A newer server, and a client that limits the versions"
resolver modern
run client "@$modern" --ca "$modern_ca" --tls-max 1.2 google.com +noall +answer +stats
expect_status 0
expect 'TLSv1\.2'
run client "@$modern" --ca "$modern_ca" --tls-min 1.3 google.com +noall +answer +stats
look "the line ';; TLS': which version each run got. Both ends choose together: the highest that both know."
expect_status 0
expect 'TLSv1\.3'
