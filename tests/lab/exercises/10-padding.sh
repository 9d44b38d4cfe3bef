#!/usr/bin/env bash
# Padding: what sizes give away (10 minutes)
source "$(dirname -- "${BASH_SOURCE[0]}")/../lesson.sh"

resolver resolver
sizes() {  # sizes OPTION…: of the queries for names of different lengths
  local name
  for name in a.test an.example.test a-name-of-quite-another-length.example.test; do
    run client "@$resolver" --ca "$resolver_ca" "$@" "$name" +noall +stats
    expect_status 0
    value 'sent: [0-9]+' >>sizes
  done
}

phase "Encrypted, but not padded"
: >sizes
sizes --pad 0
look "'sent': encryption hides what is said, not how long it is. Name and size go together; anybody can quickly make a list of the sizes of well-known names."
[ "$(sort -u sizes | wc -l)" -eq 3 ] || fail "three names of different lengths should give three sizes"

phase "Padded to 128 octets (RFC 8467)"
: >sizes
sizes
look "every query is as long as every other. What would padding of the answers (468 octets, by the server) still not hide? (When somebody asks, how often, and which server.)"
[ "$(sort -u sizes | wc -l)" -eq 1 ] || fail "padded queries should have one size"
quiz sizes
